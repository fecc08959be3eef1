#pragma once

#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

#include "store/postgres_session.hpp"

namespace seamline::store {

class PostgresStatement;

/// Another process writes to the store.
class StoreIsLocked final : public StorageError {
 public:
  using StorageError::StorageError;
};

/// A connection to a schema of a PostgreSQL database. Statements are prepared once; those whose result nobody reads are sent
/// along with the next that somebody waits for. A writer holds the schema's lock as long as its session lasts.
///
/// When the server goes away, whatever is under way fails as passing, and begin() connects again, with pauses that grow. A
/// commit whose answer was lost is looked up there, by a number that it writes.
class PostgresConnection final : public Connection {
 public:
  enum class Mode : std::uint8_t { writer, reader };

  /// Connects; a writer makes the schema and takes its lock. Both references outlive the connection. Throws StorageError,
  /// and StoreIsLocked.
  PostgresConnection(const PostgresTarget& target, const ServerLimits& limits, Mode mode);
  ~PostgresConnection() override;

  void begin(Answers answers) override;
  void commit() override;
  void roll_back() noexcept override;
  void run_script(std::string_view script) override;
  std::vector<std::string> tables() override;
  std::vector<Column> columns(const std::string& table) override;
  std::int64_t mark() override { return statements_run_; }
  bool has_changed_since(std::int64_t mark) override;
  std::int64_t session() const override { return sessions_; }
  bool is_usable() override { return session_ != nullptr && session_->is_alive(); }

  /// For the connection's own statements: sends one without waiting for its answer.
  void queue(PostgresStatement& statement, bool keeps_answer, bool wants_one_row);
  /// Runs it and waits for its answer, which it then holds.
  void run_and_wait(PostgresStatement& statement);

 protected:
  Statement& prepared(Sql sql) override;
  std::int64_t changes() override { return changes_; }

 private:
  /// What the server was sent, in this order, and has not answered yet.
  struct Sent {
    enum class What : std::uint8_t { prepare, run, synchronise };
    What what = What::run;
    PostgresStatement* statement = nullptr;
    std::string name;
    std::int64_t number = 0;
    bool keeps_answer = false;
    bool wants_one_row = false;
  };

  void connect();
  void prepare_store();
  void take_lock();
  /// Makes sure that no other process had the store since this one has it.
  void check_holder();
  /// Sends what is queued and reads every answer. Throws the first failure.
  void settle();
  void collect();
  /// Whatever the answer says of the statement; a failure is kept in `failure` if it is the first.
  void judge(const Sent& sent, PostgresSession::Answer answer, std::unique_ptr<StorageError>& failure);
  PostgresStatement& own(Sql sql);
  void queue_own(Sql sql, bool keeps_answer = false);
  void commit_as_reader();
  /// Finds out whether the last transaction was committed before the session was lost; returns if it was.
  void resolve(const std::string& why);
  bool is_committed();
  void lose();
  PostgresSession& session_or_throw();

  const PostgresTarget& target_;
  const ServerLimits& limits_;
  const Mode mode_;
  std::unique_ptr<PostgresSession> session_;
  std::int64_t sessions_ = 0;
  std::unordered_map<const char*, std::unique_ptr<PostgresStatement>> statements_;
  std::deque<Sent> sent_;
  Answers answers_ = Answers::later;
  bool in_transaction_ = false;
  bool wants_one_row_ = false;
  std::int64_t statements_run_ = 0;
  std::int64_t last_change_ = 0;
  std::int64_t changes_ = 0;
  /// What the writer has put into the schema when it took it first.
  std::string holder_;
  /// Which of this writer's transactions the last commit was for.
  std::int64_t batch_ = 0;
  std::int64_t pause_ms_ = 0;
  std::int64_t next_try_ms_ = 0;
};

}  // namespace seamline::store
