#include "store/sql_keeper.hpp"

#include "base/fault.hpp"
#include "store/migrator.hpp"
#include "store/sql_records.hpp"

namespace seamline::store {
namespace {

/// A view with a connection of its own.
struct OwnConnection {
  std::unique_ptr<Connection> connection;
};

class SqlSnapshot final : private OwnConnection, public SqlRecords<Snapshot> {
 public:
  explicit SqlSnapshot(std::unique_ptr<Connection> reader) : OwnConnection{std::move(reader)}, SqlRecords(*connection) {}
  void begin() override { connection->begin(Answers::later); }
  void end() override { connection->commit(); }
  bool is_usable() override { return connection->is_usable(); }
};

class SqlKeeper final : public Keeper {
 public:
  SqlKeeper(std::string module, std::unique_ptr<Database> database)
      : module_(std::move(module)), database_(std::move(database)) {}

  Result<LogPosition> take(std::span<const Migration> migrations, Timestamp now, const std::string& new_log_id) override {
    auto connection = database_->open_writer();
    if (!connection) return fail(std::move(connection.error()));
    SEAMLINE_CRASH_POINT(module_, "store-file-opened");
    auto migrated = migrate(**connection, module_, migrations, now);
    if (!migrated) return fail(std::move(migrated.error()));
    SEAMLINE_CRASH_POINT(module_, "schema-up-to-date");
    connection_ = std::move(*connection);
    return take_log(*connection_, new_log_id);
  }
  std::unique_ptr<OpenTransaction> open_writer(const std::string& module, EventLog& log) override {
    return std::make_unique<SqlTransaction>(*connection_, module, log);
  }
  std::unique_ptr<Snapshot> open_reader() override { return std::make_unique<SqlSnapshot>(database_->open_reader()); }
  std::string place() const override { return database_->place(); }

 private:
  const std::string module_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
};

}  // namespace

std::unique_ptr<Keeper> make_sql_keeper(std::string module, std::unique_ptr<Database> database) {
  return std::make_unique<SqlKeeper>(std::move(module), std::move(database));
}

}  // namespace seamline::store
