#include "store/postgres_connection.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <optional>
#include <thread>

#include "store/postgres_schema.hpp"
#include "store/postgres_statement.hpp"

namespace seamline::store {
namespace {

/// Answers that may be outstanding: what is queued takes memory here and there.
constexpr std::size_t most_sent = 512;
constexpr std::int64_t first_pause_ms = 20;

// PostgreSQL's numbers of its types: src/include/catalog/pg_type.dat.
constexpr std::int64_t bytea_type = 17;
constexpr std::int64_t int8_type = 20;

constexpr const char* begin_write = "BEGIN";
constexpr const char* begin_snapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr const char* commit_sql = "COMMIT";
/// In each transaction: by it a commit whose answer was lost is known again. An id of PostgreSQL's own would not do: a server
/// that crashed may give the same to another transaction.
constexpr const char* number_sql = "UPDATE store_holder SET batch = $1 WHERE id = 1";

std::int64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

std::int64_t rows_changed(pg_result* answer) {
  const char* count = PQcmdTuples(answer);
  // A SELECT counts what it returns, and changes nothing.
  return std::string_view(PQcmdStatus(answer)).starts_with("SELECT") ? 0 : std::strtoll(count, nullptr, 10);
}

}  // namespace

PostgresConnection::PostgresConnection(const PostgresTarget& target, const ServerLimits& limits, Mode mode)
    : target_(target), limits_(limits), mode_(mode) {
  connect();
}

PostgresConnection::~PostgresConnection() = default;

void PostgresConnection::connect() {
  if (now_ms() < next_try_ms_) throw PostgresError("the server is away, and is tried again soon: " + target_.place, "");
  try {
    session_ = std::make_unique<PostgresSession>(target_, limits_, mode_ == Mode::writer);
    ++sessions_;
    if (mode_ == Mode::writer) prepare_store();
    pause_ms_ = 0;
  } catch (const StorageError&) {
    lose();
    pause_ms_ = std::clamp(pause_ms_ * 2, first_pause_ms, std::max(first_pause_ms, limits_.reconnect_ms));
    next_try_ms_ = now_ms() + pause_ms_;
    throw;
  }
}

void PostgresConnection::take_lock() {
  try {
    session_->ask("SELECT pg_advisory_lock(" + std::to_string(target_.lock_key()) + ")");
  } catch (const PostgresError& problem) {
    if (problem.state() != "55P03") throw;  // lock_not_available
    throw StoreIsLocked("another process writes to " + target_.place, StorageError::Severity::passing);
  }
}

void PostgresConnection::prepare_store() {
  take_lock();
  if (!holder_.empty()) return check_holder();
  // Asked first: who may not make schemas can still be given one.
  const auto found = session_->ask("SELECT 1 FROM pg_namespace WHERE nspname = '" + target_.schema + "'");
  if (PQntuples(found.get()) == 0) session_->ask("CREATE SCHEMA \"" + target_.schema + "\"");
  session_->ask(
      "CREATE TABLE IF NOT EXISTS store_holder (id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1), token TEXT NOT NULL, "
      "batch BIGINT NOT NULL)");
  const auto taken = session_->ask(
      "INSERT INTO store_holder (id, token, batch) VALUES (1, CAST(gen_random_uuid() AS TEXT), 0) "
      "ON CONFLICT (id) DO UPDATE SET token = excluded.token, batch = 0 RETURNING token");
  holder_ = PQgetvalue(taken.get(), 0, 0);
}

void PostgresConnection::check_holder() {
  const auto held = session_->ask("SELECT token FROM store_holder WHERE id = 1");
  if (PQntuples(held.get()) == 1 && holder_ == PQgetvalue(held.get(), 0, 0)) return;
  throw StorageError("another process has had the store while the server was away: " + target_.place,
                     StorageError::Severity::fatal);
}

void PostgresConnection::lose() {
  session_.reset();
  sent_.clear();
  wants_one_row_ = false;
}

PostgresSession& PostgresConnection::session_or_throw() {
  if (!session_) throw PostgresError("the connection is lost: " + target_.place, "");
  return *session_;
}

Statement& PostgresConnection::prepared(Sql sql) {
  PostgresStatement& statement = own(sql);
  statement.begin_use();
  return statement;
}

PostgresStatement& PostgresConnection::own(Sql sql) {
  auto& kept = statements_[sql.text()];
  if (!kept) kept = std::make_unique<PostgresStatement>(*this, sql.text(), static_cast<std::int64_t>(statements_.size()));
  return *kept;
}

void PostgresConnection::queue(PostgresStatement& statement, bool keeps_answer, bool wants_one_row) {
  PostgresSession& session = session_or_throw();
  const std::string name = statement.name();
  try {
    if (!statement.is_prepared(name, sessions_)) {
      session.prepare(name, statement.sql(), statement.values());
      sent_.push_back({Sent::What::prepare, &statement, name, 0, false, false});
      statement.set_prepared(name, sessions_);
    }
    session.run(name, statement.values());
  } catch (const PostgresError& problem) {
    if (problem.is_lost()) lose();
    throw;
  }
  sent_.push_back({Sent::What::run, &statement, name, ++statements_run_, keeps_answer, wants_one_row});
  wants_one_row_ = wants_one_row_ || wants_one_row;
  if (keeps_answer) return;
  const bool may_wait = in_transaction_ && mode_ == Mode::writer && answers_ == Answers::later && sent_.size() < most_sent;
  if (!may_wait) settle();
}

void PostgresConnection::run_and_wait(PostgresStatement& statement) {
  queue(statement, true, false);
  settle();
}

void PostgresConnection::queue_own(Sql sql, bool keeps_answer) {
  PostgresStatement& statement = own(sql);
  const Answers wanted = std::exchange(answers_, Answers::later);
  queue(statement, keeps_answer, false);
  answers_ = wanted;
}

void PostgresConnection::settle() {
  try {
    session_or_throw().synchronise();
    sent_.push_back({Sent::What::synchronise, nullptr, {}, 0, false, false});
    collect();
  } catch (const PostgresError& problem) {
    if (problem.is_lost()) lose();
    throw;
  }
}

void PostgresConnection::collect() {
  std::unique_ptr<StorageError> failure;
  wants_one_row_ = false;
  while (!sent_.empty()) {
    const Sent sent = std::move(sent_.front());
    sent_.pop_front();
    if (sent.what == Sent::What::synchronise) {
      session_->expect_synchronised();
    } else {
      judge(sent, session_->next_answer(), failure);
    }
  }
  if (failure) throw StorageError(*failure);
}

void PostgresConnection::judge(const Sent& sent, PostgresSession::Answer answer, std::unique_ptr<StorageError>& failure) {
  auto error = PostgresSession::error_of(answer.get(), sent.statement->sql());
  if (error && error->is_lost()) throw PostgresError(*error);
  if (sent.what == Sent::What::prepare) {
    if (error || PostgresSession::is_skipped(answer.get())) sent.statement->forget_prepared(sent.name);
  } else if (!error && !PostgresSession::is_skipped(answer.get())) {
    changes_ = rows_changed(answer.get());
    if (changes_ > 0) last_change_ = sent.number;
    if (sent.wants_one_row && changes_ != 1 && !failure) {
      failure = std::make_unique<StorageError>(not_one_row(sent.statement->sql(), changes_));
    }
    if (sent.keeps_answer) sent.statement->keep(std::move(answer));
  }
  if (error && !failure) failure = std::move(error);
}

void PostgresConnection::begin(Answers answers) {
  SEAMLINE_ASSERT(!in_transaction_);
  try {
    if (session_ && !sent_.empty()) settle();
  } catch (const StorageError&) {
    lose();  // a reader's last COMMIT, in which nobody has an interest
  }
  if (session_ && !session_->is_alive()) lose();
  if (!session_) connect();
  in_transaction_ = true;
  answers_ = Answers::later;
  if (mode_ == Mode::writer) {
    queue_own(begin_write);
  } else {
    queue_own(begin_snapshot);
  }
  answers_ = answers;
}

bool PostgresConnection::has_changed_since(std::int64_t mark) {
  if (!sent_.empty()) settle();
  return last_change_ > mark;
}

void PostgresConnection::commit_as_reader() {
  // Nobody waits for it: the next begin() takes the answer.
  in_transaction_ = false;
  PostgresSession& session = session_or_throw();
  PostgresStatement& statement = own(commit_sql);
  session.run_text(statement.sql());
  sent_.push_back({Sent::What::run, &statement, {}, ++statements_run_, false, false});
  session.synchronise();
  sent_.push_back({Sent::What::synchronise, nullptr, {}, 0, false, false});
}

void PostgresConnection::commit() {
  if (mode_ == Mode::reader) return commit_as_reader();
  SEAMLINE_ASSERT(in_transaction_);
  // What may still make the commit impossible comes first: behind it there is no way back.
  if (wants_one_row_) settle();
  own(number_sql).bind_integer(1, ++batch_);
  queue_own(number_sql);
  PostgresStatement& statement = own(commit_sql);
  queue_own(commit_sql, true);
  try {
    settle();
  } catch (const PostgresError& problem) {
    if (!problem.is_lost()) throw;
    resolve(problem.what());
    in_transaction_ = false;
    return;
  }
  const std::string done = statement.take_tag();
  if (done != "COMMIT") throw StorageError("a statement of the transaction had failed, and the server undid it (" + done + ")");
  in_transaction_ = false;
}

bool PostgresConnection::is_committed() {
  // The lock of the store is this session's, so the one that was lost has ended, and what it did stands fast.
  if (!session_) connect();
  const auto row = session_->ask("SELECT CAST(batch AS TEXT) FROM store_holder WHERE id = 1");
  return PQgetvalue(row.get(), 0, 0) == std::to_string(batch_);
}

void PostgresConnection::resolve(const std::string& why) {
  const std::int64_t give_up = now_ms() + limits_.resolve_timeout_ms;
  std::optional<bool> committed;
  std::string trouble = why;
  while (!committed) {
    try {
      committed = is_committed();
    } catch (const StorageError& problem) {
      if (problem.severity() == StorageError::Severity::fatal) throw;
      lose();
      trouble = problem.what();
    }
    if (!committed && now_ms() > give_up) {
      throw StorageError("whether the last commit took place could not be found out: " + trouble, StorageError::Severity::fatal);
    }
    if (!committed) std::this_thread::sleep_for(std::chrono::milliseconds(std::max(first_pause_ms, next_try_ms_ - now_ms())));
  }
  if (*committed) return;
  throw StorageError("the server went away before the commit: " + why, StorageError::Severity::passing);
}

void PostgresConnection::roll_back() noexcept {
  in_transaction_ = false;
  if (!session_) return;
  try {
    try {
      if (!sent_.empty()) settle();
    } catch (const StorageError&) {
      // It is undone all the same.
    }
    if (session_ && session_->is_in_transaction()) session_->ask("ROLLBACK");
  } catch (const StorageError&) {
    lose();
  }
}

std::vector<std::string> PostgresConnection::tables() {
  std::vector<std::string> names;
  Rows row = query("SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename");
  while (row.next()) names.emplace_back(row.text(0));
  return names;
}

std::vector<Column> PostgresConnection::columns(const std::string& table) {
  std::vector<Column> all;
  Rows row = query(
      "SELECT a.attname, CAST(a.atttypid AS BIGINT), coalesce(array_position(CAST(i.indkey AS SMALLINT[]), a.attnum) + 1, 0) "
      "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema() "
      "JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped "
      "LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary WHERE c.relname = $1 ORDER BY a.attnum",
      table);
  while (row.next()) {
    const std::int64_t type = row.integer(1);
    const auto known = type == int8_type ? ColumnType::integer : type == bytea_type ? ColumnType::bytes : ColumnType::text;
    all.push_back({std::string(row.text(0)), known, row.integer(2)});
  }
  return all;
}

void PostgresConnection::run_script(std::string_view script) {
  if (session_ && !sent_.empty()) settle();
  for (const std::string& statement : in_postgres_words(script)) session_or_throw().ask(statement);
}

}  // namespace seamline::store
