#include "events/receipt.hpp"

#include <algorithm>

#include "base/fault.hpp"

namespace seamline::events {

Result<Receipt> record_receipt(store::Store& publisher, seam::Gate& gate, const std::string& subscriber, std::int64_t seq) {
  const auto pass = gate.enter();
  if (!pass) return fail(pass.error());
  return publisher.write(CallContext{}, [&](store::Transaction& transaction) -> Result<Receipt> {
    const std::int64_t head = publisher.log().head().seq;
    if (seq > head) {
      return fail(store::diverged, "The receipt is for entry " + std::to_string(seq) + ", and the log ends at " +
                                       std::to_string(head) + ": it was restored from an older copy, or is another one.");
    }
    const std::int64_t standing = transaction.receipt(subscriber).value_or(-1);
    if (seq > standing) transaction.record_receipt(subscriber, seq);
    SEAMLINE_CRASH_POINT(publisher.module(), "receipt-recorded");
    return Receipt{std::max(seq, standing)};
  });
}

}  // namespace seamline::events
