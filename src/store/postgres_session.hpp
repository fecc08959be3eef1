#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "store/database.hpp"

struct pg_conn;
struct pg_result;

namespace seamline::store {

/// A schema of a PostgreSQL database, and how it is reached.
struct PostgresTarget {
  /// As libpq names them; without a password, which libpq finds by itself (PGPASSWORD, its password file).
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string schema;
  /// For messages.
  std::string place;

  /// The advisory lock of whoever writes to the schema: the same number in every process.
  std::int64_t lock_key() const;

  /// Errors: store.unusable.
  static Result<PostgresTarget> read(const DatabaseOptions& options);
};

/// The server refused a statement, or is gone.
class PostgresError final : public StorageError {
 public:
  /// `state` is the SQLSTATE (PostgreSQL's manual, appendix A); empty where there is no answer.
  PostgresError(const std::string& what, std::string state);
  const std::string& state() const { return state_; }
  /// The session has ended, or nobody knows what became of it.
  bool is_lost() const;

 private:
  std::string state_;
};

/// One session with a server, in libpq's pipeline mode: statements are sent without waiting, and answered in their order.
/// After one that fails, those behind it are skipped up to the next synchronise(). Not thread-safe. Whatever waits here ends
/// by itself: throws PostgresError, lost, where the server answers nothing for too long.
class PostgresSession {
 public:
  struct Clear {
    void operator()(pg_result* answer) const;
  };
  using Answer = std::unique_ptr<pg_result, Clear>;

  /// A parameter, with PostgreSQL's number of its type; 0 where only the server knows.
  struct Parameter {
    unsigned type = 0;
    bool is_null = true;
    std::string bytes;
  };

  /// Connects, with settings that the store relies on. Throws StorageError, passing where the server cannot be reached, also
  /// where it is one on which a commit is not durable or that is too old.
  PostgresSession(const PostgresTarget& target, const ServerLimits& limits, bool is_writer);
  PostgresSession(const PostgresSession&) = delete;
  PostgresSession& operator=(const PostgresSession&) = delete;

  /// Whether the connection still stands, as far as this side knows without asking.
  bool is_alive();
  /// Whether the server has a transaction open here, as of its last answer to synchronise().
  bool is_in_transaction() const;

  void prepare(const std::string& name, const char* sql, const std::vector<Parameter>& parameters);
  void run(const std::string& name, const std::vector<Parameter>& parameters);
  /// A statement without parameters, not prepared.
  void run_text(const std::string& sql);
  /// Sends all that is queued. The answers end with one for this.
  void synchronise();
  /// Waits for the answer to the next statement: rows, or success, or the failure in it, which error_of() gives.
  Answer next_answer();
  /// Waits for the answer to synchronise().
  void expect_synchronised();

  /// Runs one statement and waits. Between others' answers only. Throws PostgresError.
  Answer ask(const std::string& sql);

  /// The failure that an answer is; null where it is none.
  static std::unique_ptr<PostgresError> error_of(const pg_result* answer, const std::string& sql);
  /// Whether it was skipped for the sake of an earlier failure.
  static bool is_skipped(const pg_result* answer);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };

  void check_server(bool is_writer);
  /// Throws where libpq could not queue a statement.
  void expect_queued(int queued) const;
  void wait(short events, std::int64_t until_ms) const;
  std::int64_t give_up_at_ms() const;
  pg_result* wait_for_answer();
  [[noreturn]] void throw_lost(const std::string& why) const;

  const PostgresTarget& target_;
  const ServerLimits& limits_;
  std::unique_ptr<pg_conn, Close> connection_;
};

}  // namespace seamline::store
