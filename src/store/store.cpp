#include "store/store.hpp"

#include "base/fault.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode unusable{"store.unusable", Kind::unavailable};

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, std::span<const Migration> migrations, const Clock& clock,
                                           const std::string& new_log_id) {
  std::error_code problem;
  std::filesystem::create_directories(options.directory, problem);
  if (problem) return fail(unusable, "Cannot make the folder " + options.directory.string() + ": " + problem.message() + ".");
  auto lock = FolderLock::take(options.directory, options.module);
  if (!lock) return fail(std::move(lock.error()));
  SEAMLINE_CRASH_POINT(options.module, "store-locked");
  auto keeper = make_keeper(options, clock);
  if (!keeper) return fail(std::move(keeper.error()));
  try {
    auto head = (*keeper)->take(migrations, clock.now(), new_log_id);
    if (!head) return fail(std::move(head.error()));
    auto store = std::unique_ptr<Store>(new Store(options, std::move(*lock), std::move(*keeper), std::move(*head), clock));
    SEAMLINE_CRASH_POINT(options.module, "ownership-written");
    return store;
  } catch (const StorageError& error) {
    return fail(unusable,
                "The store of module " + options.module + " in " + (*keeper)->place() + " cannot be used: " + error.what() + ".");
  }
}

Store::Store(StoreOptions options, std::unique_ptr<FolderLock> lock, std::unique_ptr<Keeper> keeper, LogPosition head,
             const Clock& clock)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      keeper_(std::move(keeper)),
      log_(std::make_unique<EventLog>(std::move(head))),
      writer_(std::make_unique<Writer>(options_.module, keeper_->open_writer(options_.module, *log_), *log_, clock,
                                       options_.writer)) {}

Store::~Store() { stop(); }

std::unique_ptr<Snapshot> Store::take_reader() {
  std::unique_lock lock(readers_mutex_);
  reader_returned_.wait(lock, [this] { return !idle_readers_.empty() || readers_made_ < options_.readers; });
  if (!idle_readers_.empty()) {
    auto reader = std::move(idle_readers_.back());
    idle_readers_.pop_back();
    return reader;
  }
  ++readers_made_;
  return nullptr;
}

std::unique_ptr<Snapshot> Store::borrow_reader() {
  auto reader = take_reader();
  try {
    if (!reader || !reader->is_usable()) reader = keeper_->open_reader();
    reader->begin();
  } catch (...) {
    forget_reader();
    throw;
  }
  return reader;
}

void Store::give_back(std::unique_ptr<Snapshot> reader) noexcept {
  try {
    reader->end();
    const std::lock_guard lock(readers_mutex_);
    idle_readers_.push_back(std::move(reader));
    reader_returned_.notify_one();
  } catch (const std::exception&) {
    // SQLite ends a transaction on its own after some errors, and a server may go away. Such a reader is not used again;
    // another takes its place.
    forget_reader();
  }
}

void Store::forget_reader() noexcept {
  const std::lock_guard lock(readers_mutex_);
  --readers_made_;
  reader_returned_.notify_one();
}

std::int64_t Store::forget_aged(Timestamp before, std::int64_t limit) {
  const auto forgotten = write(CallContext{}, [&](Transaction& transaction) -> Result<std::int64_t> {
    const std::int64_t forgotten_now =
        std::max(transaction.forget_answers(before, limit), transaction.forget_foreign_events(before, limit));
    SEAMLINE_CRASH_POINT(module(), "answers-forgotten");
    return forgotten_now;
  });
  return forgotten.value_or(0);
}

}  // namespace seamline::store
