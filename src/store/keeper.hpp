#pragma once

#include <memory>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "store/database.hpp"
#include "store/migrations.hpp"
#include "store/open_transaction.hpp"
#include "store/snapshot.hpp"

namespace seamline::store {

/// What keeps the records of one store: rows of a database, or documents. take() comes first; open_reader() is thread-safe.
class Keeper {
 public:
  virtual ~Keeper() = default;

  /// Opens it for writing, makes what is missing, and a log with the id `new_log_id` where there is none yet. Returns where the
  /// log ends. Errors: store.locked, store.schema_changed, store.schema_newer. Throws StorageError.
  virtual Result<LogPosition> take(std::span<const Migration> migrations, Timestamp now, const std::string& new_log_id) = 0;
  /// The writer's transaction. Keeper, module's name and log outlive it.
  virtual std::unique_ptr<OpenTransaction> open_writer(const std::string& module, EventLog& log) = 0;
  /// A reader. The keeper outlives it. Throws StorageError.
  virtual std::unique_ptr<Snapshot> open_reader() = 0;
  /// Where it is, for messages: without a secret.
  virtual std::string place() const = 0;
};

/// The keeper for the kind of storage that the options name; nothing is opened yet. `clock` outlives it. Errors: store.unusable
/// where this program was built without that kind, or its url is none.
Result<std::unique_ptr<Keeper>> make_keeper(const DatabaseOptions& options, const Clock& clock);

}  // namespace seamline::store
