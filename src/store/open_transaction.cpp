#include "store/open_transaction.hpp"

#include "base/fault.hpp"
#include "store/writer.hpp"

namespace seamline::store {

Timestamp OpenTransaction::now() const { return command_->queued_at; }

void OpenTransaction::append(LogEntry entry) {
  entry.at = now();
  entry.trace = command_->trace;
  log_.append(*this, std::move(entry));
  SEAMLINE_CRASH_POINT(module_, "after-publish");
}

}  // namespace seamline::store
