// How a batch of documents becomes durable, and how it is found out what became of one whose answer got lost.
#include "base/fault.hpp"
#include "store/document_transaction.hpp"

namespace seamline::store {

void DocumentTransaction::stop_for_another_owner() const {
  throw StorageError("it has another owner now: somebody else has taken it, or written to it", StorageError::Severity::fatal);
}

DocumentWrite DocumentTransaction::hold_write(Timestamp renewed_at) const {
  DocumentRecord record;
  record.id = ownership_document_id;
  record.revision = hold_.fence;
  record.fence = hold_.fence;
  const LogPosition head = head_.get();
  record.body.add("log_id", head.log_id).add("epoch", head.epoch);
  record.body.add("holder", hold_.holder).add("renewed_at_ms", renewed_at);
  return {record.id, hold_.fence, to_document(record)};
}

void DocumentTransaction::check_hold() {
  const auto found = find_document(collection_, ownership_document_id);
  if (!found || found->integer("revision") != hold_.fence) stop_for_another_owner();
}

void DocumentTransaction::check_continues() {
  // A bulk of the owner before may have been on its way still when this one looked for the end of the log.
  const LogPosition head = head_.get();
  if (!(find_head(collection_, {head.log_id, head.epoch}) == head)) stop_for_another_owner();
}

void DocumentTransaction::idle() {
  if (renewed_.ms_until(clock_.monotonic()) < options_.renew_ms) return;
  const DocumentWrite renewal = hold_write(clock_.now());
  const BulkOutcome outcome = collection_.write({&renewal, 1});
  if (outcome.kind == BulkOutcome::Kind::conflict) stop_for_another_owner();
  renewed_ = clock_.monotonic();
}

DocumentTransaction::~DocumentTransaction() {
  try {
    // Whoever has taken the store meanwhile keeps it: then this is a conflict.
    const DocumentWrite release = hold_write({0});
    collection_.write({&release, 1});
  } catch (const std::exception&) {
    // Then the lease ends by itself.
  }
}

void DocumentTransaction::commit() {
  end_unit();
  if (!writes_.empty()) send();
  if (last_entry_) head_.set(*last_entry_);
  clear();
}

void DocumentTransaction::send() {
  const Instant give_up = clock_.monotonic().plus_ms(options_.resolve_timeout_ms);
  const DocumentWrite hold = hold_write(clock_.now());
  // Once an outcome got lost, the last bulk may be the first write alone: its answer vouches for all before it.
  while (done_ < writes_.size() || is_anything_under_way_) {
    const std::size_t end = std::min(writes_.size(), done_ + options_.bulk_documents);
    const BulkOutcome outcome = collection_.write(next_bulk(hold, end));
    SEAMLINE_CRASH_POINT(module(), "bulk-written");
    if (outcome.kind == BulkOutcome::Kind::written) {
      done_ = end;
      is_anything_under_way_ = is_anything_under_way_ && done_ < writes_.size();
    } else {
      continue_after(outcome, give_up);
    }
  }
  renewed_ = clock_.monotonic();
}

std::vector<DocumentWrite> DocumentTransaction::next_bulk(const DocumentWrite& hold, std::size_t end) const {
  std::vector<DocumentWrite> bulk{hold};
  for (std::size_t i = done_; i < end; ++i) {
    if (i > done_ && (i - done_) % options_.held_documents == 0) bulk.push_back(hold);
    bulk.push_back(writes_[i]);
  }
  return bulk;
}

void DocumentTransaction::continue_after(const BulkOutcome& outcome, Instant give_up) {
  using Kind = BulkOutcome::Kind;
  const std::size_t done_before = done_;
  const bool is_nothing_kept = done_ == 0 && !is_anything_under_way_ && outcome.kind == Kind::not_sent;
  if (is_nothing_kept) {
    out_of_reach_until_ = clock_.monotonic().plus_ms(options_.retry_ms);
    throw StorageError(outcome.problem, StorageError::Severity::passing);
  }
  is_anything_under_way_ = is_anything_under_way_ || outcome.kind == Kind::unknown;
  SEAMLINE_CRASH_POINT(module(), "outcome-unknown");
  bool has_looked = false;
  try {
    check_hold();
    while (done_ < writes_.size() && is_in_place(writes_[done_])) ++done_;
    has_looked = true;
  } catch (const StorageError& problem) {
    // Out of reach still: the next try of the bulk waits for it.
    if (problem.severity() != StorageError::Severity::passing) throw;
  }
  if (clock_.monotonic() >= give_up) {
    throw StorageError("it is unknown what became of a batch, and the server does not come back: " + outcome.problem,
                       StorageError::Severity::fatal);
  }
  if (outcome.kind == Kind::refused && has_looked) {
    if (done_ == 0 && !is_anything_under_way_) throw StorageError(outcome.problem);
    throw StorageError("a part of a batch was refused: " + outcome.problem, StorageError::Severity::fatal);
  }
  // An earlier copy of the bulk, whose answer got lost, may have come before this one; else it was somebody else.
  if (outcome.kind == Kind::conflict && has_looked && done_ == done_before) stop_for_another_owner();
}

bool DocumentTransaction::is_in_place(const DocumentWrite& write) {
  const auto found = find_document(collection_, write.id);
  return found && found->integer("fence") == hold_.fence && found->integer("revision") >= write.content.integer("revision");
}

}  // namespace seamline::store
