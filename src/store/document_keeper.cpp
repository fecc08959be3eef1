#include "store/document_keeper.hpp"

#include "base/fault.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode locked{"store.locked", Kind::conflict};

struct OwnCollection {
  std::unique_ptr<DocumentCollection> collection;
};

class DocumentSnapshot final : private OwnCollection, public DocumentRecords<Snapshot> {
 public:
  DocumentSnapshot(std::unique_ptr<DocumentCollection> own, const DurableHead& head)
      : OwnCollection{std::move(own)}, DocumentRecords(*collection, head) {}
  void begin() override {}
  void end() override {}
};

class DocumentKeeper final : public Keeper {
 public:
  DocumentKeeper(std::string module, std::string holder, std::unique_ptr<DocumentServer> server, const DocumentOptions& options,
                 const Clock& clock)
      : module_(std::move(module)),
        server_(std::move(server)),
        options_(options),
        clock_(clock),
        hold_{0, std::move(holder)},
        collection_(server_->connect()) {}

  Result<LogPosition> take(std::span<const Migration>, Timestamp now, const std::string& new_log_id) override {
    ensure_indexes();
    SEAMLINE_CRASH_POINT(module_, "document-indexes-made");
    DocumentRecord owner;
    owner.id = ownership_document_id;
    if (const auto found = find_document(*collection_, ownership_document_id)) owner = to_record(*found);
    if (auto refused = refuse_held(owner, now); !refused) return fail(std::move(refused.error()));
    const LogOwnership ownership =
        owner.revision == 0 ? LogOwnership{new_log_id, 1} : LogOwnership{owner.body.text("log_id"), owner.body.integer("epoch")};
    if (auto raised = raise(owner, ownership, now); !raised) return fail(std::move(raised.error()));
    SEAMLINE_CRASH_POINT(module_, "documents-taken");
    head_.set(find_last_head(ownership));
    return head_.get();
  }

  std::unique_ptr<OpenTransaction> open_writer(const std::string& module, EventLog& log) override {
    return std::make_unique<DocumentTransaction>(*collection_, head_, clock_, options_.transaction, hold_, module, log);
  }
  std::unique_ptr<Snapshot> open_reader() override { return std::make_unique<DocumentSnapshot>(server_->connect(), head_); }
  std::string place() const override { return server_->place(); }

 private:
  void ensure_indexes() {
    // Two entries with one number cannot be: what a process that lost the store still writes then fails, or what its heir does.
    collection_->ensure_index("log", Document().add("log.seq", 1), true);
    collection_->ensure_index("head", Document().add("last_seq", 1), false);
    collection_->ensure_index("timers", Document().add("next_due_ms", 1), false);
    collection_->ensure_index("answers", Document().add("answers.key", 1), false);
    collection_->ensure_index("answers_by_age", Document().add("answers.at_ms", 1), false);
    collection_->ensure_index("foreign", Document().add("foreign.event_id", 1), false);
    collection_->ensure_index("foreign_by_age", Document().add("foreign.at_ms", 1), false);
    collection_->ensure_index("dead_letters", Document().add("dead_letters.publisher", 1), false);
  }

  /// The owner before may have had one write on its way when it lost the store: looks until two looks agree.
  LogPosition find_last_head(const LogOwnership& ownership) {
    LogPosition head = find_head(*collection_, ownership);
    for (LogPosition again = find_head(*collection_, ownership); !(again == head); again = find_head(*collection_, ownership)) {
      head = again;
    }
    return head;
  }

  Result<void> refuse_held(const DocumentRecord& owner, Timestamp now) const {
    if (owner.revision == 0) return {};
    const std::string& holder = owner.body.text("holder");
    const Timestamp ends{owner.body.integer("renewed_at_ms") + options_.lease_ms};
    if (holder == hold_.holder || ends <= now) return {};
    return fail(locked, "The store of module " + module_ + " in " + place() + " is in use by " + holder +
                            ". Stop that one; if it is gone for good, the store is free " +
                            std::to_string(options_.lease_ms / 1000) + " s after its last sign of life.");
  }

  /// Takes the store from whoever had it.
  Result<void> raise(DocumentRecord& owner, const LogOwnership& ownership, Timestamp now) {
    const std::int64_t before = owner.revision++;
    owner.fence = owner.revision;
    owner.body = Document().add("log_id", ownership.log_id).add("epoch", ownership.epoch);
    owner.body.add("holder", hold_.holder).add("renewed_at_ms", now);
    const DocumentWrite write{owner.id, before, to_document(owner)};
    const BulkOutcome outcome = collection_->write({&write, 1});
    if (outcome.kind == BulkOutcome::Kind::conflict) {
      return fail(locked, "The store of module " + module_ + " in " + place() + " was just taken by another process.");
    }
    if (outcome.kind != BulkOutcome::Kind::written) throw StorageError(outcome.problem, StorageError::Severity::passing);
    hold_.fence = owner.fence;
    return {};
  }

  const std::string module_;
  const std::unique_ptr<DocumentServer> server_;
  const DocumentOptions options_;
  const Clock& clock_;
  DocumentTransaction::Hold hold_;
  DurableHead head_;
  const std::unique_ptr<DocumentCollection> collection_;
};

}  // namespace

std::unique_ptr<Keeper> make_document_keeper(std::string module, std::string holder, std::unique_ptr<DocumentServer> server,
                                             const DocumentOptions& options, const Clock& clock) {
  return std::make_unique<DocumentKeeper>(std::move(module), std::move(holder), std::move(server), options, clock);
}

}  // namespace seamline::store
