#pragma once

#include "contract/fields.hpp"
#include "seam/gate.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// How far a subscriber has applied a log, durably.
struct Receipt {
  std::int64_t seq = 0;

  static constexpr std::tuple fields{Field{"seq", &Receipt::seq, "The last entry that is applied.", range(0, INT64_MAX)}};
};

/// Writes down how far `subscriber` has applied this module's log: what is receipted by all may be pruned one day. It never
/// goes back. Returns the receipt that stands. Idempotent. Errors: events.diverged where `seq` is past the head; those of the
/// gate and of a write.
Result<Receipt> record_receipt(store::Store& publisher, seam::Gate& gate, const std::string& subscriber, std::int64_t seq);

}  // namespace seamline::events
