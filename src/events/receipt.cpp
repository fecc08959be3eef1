#include "events/receipt.hpp"

#include <algorithm>

#include "base/fault.hpp"
namespace seamline::events {
namespace {

std::int64_t standing_seq(store::Connection& rows, const std::string& subscriber) {
  store::Rows row = rows.query("SELECT seq FROM receipts WHERE subscriber = $1", subscriber);
  return row.next() ? row.integer(0) : -1;
}

}  // namespace

Result<Receipt> record_receipt(store::Store& publisher, seam::Gate& gate, const std::string& subscriber, std::int64_t seq) {
  const auto pass = gate.enter();
  if (!pass) return fail(pass.error());
  return publisher.write(CallContext{}, [&](store::Transaction& transaction) -> Result<Receipt> {
    const std::int64_t head = publisher.log().head().seq;
    if (seq > head) {
      return fail(store::diverged, "The receipt is for entry " + std::to_string(seq) + ", and the log ends at " +
                                       std::to_string(head) + ": it was restored from an older copy, or is another one.");
    }
    const std::int64_t standing = standing_seq(transaction.rows(), subscriber);
    if (seq > standing) {
      transaction.rows().execute(
          "INSERT INTO receipts (subscriber, seq, at_ms) VALUES ($1, $2, $3) "
          "ON CONFLICT (subscriber) DO UPDATE SET seq = excluded.seq, at_ms = excluded.at_ms",
          subscriber, seq, transaction.now());
    }
    SEAMLINE_CRASH_POINT(publisher.module(), "receipt-recorded");
    return Receipt{std::max(seq, standing)};
  });
}

}  // namespace seamline::events
