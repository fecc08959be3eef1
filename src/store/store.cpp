#include "store/store.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/fault.hpp"
#include "store/migrator.hpp"
#include "store/sql_records.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode locked{"store.locked", Kind::conflict};
constexpr ErrorCode unusable{"store.unusable", Kind::unavailable};

/// The one partition that there is today; a later one would be `1.db`.
constexpr const char* database_file = "0.db";

}  // namespace

/// One process a store: an advisory lock that the kernel releases when the process ends, however it ends.
class Store::Lock {
 public:
  static Result<std::unique_ptr<Lock>> take(const StoreOptions& options) {
    const auto path = options.directory / "lock";
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0) {
      return fail(unusable,
                  "Cannot open " + path.string() + ": " + std::strerror(errno) + ". Check the folder's owner and rights.");
    }
    auto lock = std::unique_ptr<Lock>(new Lock(file));
    if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
      return fail(locked, "The store of module " + options.module + " in " + options.directory.string() +
                              " is in use by another process. Stop that one, or give this one another data_dir.");
    }
    return lock;
  }
  ~Lock() { ::close(file_); }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

 private:
  explicit Lock(int file) : file_(file) {}
  int file_;
};

/// A view with a connection of its own.
struct OwnConnection {
  SqliteConnection connection;
};

class Store::Reader final : private OwnConnection, public SqlRecords<View> {
 public:
  explicit Reader(const StoreOptions& options)
      : OwnConnection{{options.directory / database_file, SqliteConnection::Mode::reader, options.checkpoint_pages}},
        SqlRecords(connection) {}
};

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options, std::span<const Migration> migrations, const Clock& clock,
                                           const std::string& new_log_id) {
  std::error_code problem;
  std::filesystem::create_directories(options.directory, problem);
  if (problem) return fail(unusable, "Cannot make the folder " + options.directory.string() + ": " + problem.message() + ".");
  auto lock = Lock::take(options);
  if (!lock) return fail(std::move(lock.error()));
  SEAMLINE_CRASH_POINT(options.module, "store-locked");
  try {
    auto connection = std::make_unique<SqliteConnection>(options.directory / database_file, SqliteConnection::Mode::writer,
                                                         options.checkpoint_pages);
    SEAMLINE_CRASH_POINT(options.module, "store-file-opened");
    auto migrated = migrate(*connection, options.module, migrations, clock.now());
    if (!migrated) return fail(std::move(migrated.error()));
    SEAMLINE_CRASH_POINT(options.module, "schema-up-to-date");
    auto store = std::unique_ptr<Store>(new Store(options, std::move(*lock), std::move(connection), clock, new_log_id));
    SEAMLINE_CRASH_POINT(options.module, "ownership-written");
    return store;
  } catch (const StorageError& error) {
    return fail(unusable, "The store of module " + options.module + " in " + options.directory.string() +
                              " cannot be used: " + error.what() + ".");
  }
}

Store::Store(StoreOptions options, std::unique_ptr<Lock> lock, std::unique_ptr<SqliteConnection> connection, const Clock& clock,
             const std::string& new_log_id)
    : options_(std::move(options)),
      lock_(std::move(lock)),
      connection_(std::move(connection)),
      log_(std::make_unique<EventLog>(take_log(*connection_, new_log_id))),
      writer_(std::make_unique<Writer>(options_.module, *connection_, *log_, clock, options_.writer)) {}

Store::~Store() { stop(); }

std::unique_ptr<View> Store::take_reader() {
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

std::unique_ptr<View> Store::borrow_reader() {
  auto reader = take_reader();
  try {
    if (!reader) reader = std::make_unique<Reader>(options_);
    reader->rows().execute("BEGIN");
  } catch (...) {
    forget_reader();
    throw;
  }
  return reader;
}

void Store::give_back(std::unique_ptr<View> reader) noexcept {
  try {
    reader->rows().execute("COMMIT");
    const std::lock_guard lock(readers_mutex_);
    idle_readers_.push_back(std::move(reader));
    reader_returned_.notify_one();
  } catch (const std::exception&) {
    // SQLite ends a transaction on its own after some errors. Such a connection is not used again; another takes its place.
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
