#include "store/postgres_session.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <chrono>

namespace seamline::store {
namespace {

/// The oldest that is still looked after.
constexpr int oldest_server = 130'000;
constexpr int binary = 1;

std::int64_t now_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// libpq's messages end with a line break, and may have several lines.
std::string one_line(const char* message) {
  std::string text = message == nullptr ? "" : message;
  while (!text.empty() && text.back() == '\n') text.pop_back();
  for (char& c : text) {
    if (c == '\n' || c == '\t') c = ' ';
  }
  return text;
}

bool begins_with_one_of(std::string_view state, std::initializer_list<std::string_view> classes) {
  for (const std::string_view one : classes) {
    if (state.starts_with(one)) return true;
  }
  return false;
}

bool is_end_of_session(std::string_view state) {
  // Connection exceptions; shut down, crashed, starting up; ended while idle.
  return state.empty() || begins_with_one_of(state, {"08", "57P", "25P03", "25P04"});
}

StorageError::Severity severity_of(std::string_view state) {
  // Full disk; a file that cannot be read or written; damaged data.
  if (begins_with_one_of(state, {"53100", "58", "XX001", "XX002"})) return StorageError::Severity::fatal;
  // Deadlock and the like; memory and connections short; a lock not got; cancelled, also by statement_timeout.
  if (is_end_of_session(state) || begins_with_one_of(state, {"40", "53", "55P03", "57014"}))
    return StorageError::Severity::passing;
  return StorageError::Severity::refused;
}

std::vector<Oid> types_of(const std::vector<PostgresSession::Parameter>& parameters) {
  std::vector<Oid> types;
  for (const auto& parameter : parameters) types.push_back(parameter.type);
  return types;
}

}  // namespace

PostgresError::PostgresError(const std::string& what, std::string state)
    : StorageError(what, severity_of(state)), state_(std::move(state)) {}

bool PostgresError::is_lost() const { return is_end_of_session(state_); }

void PostgresSession::Clear::operator()(pg_result* answer) const { PQclear(answer); }
void PostgresSession::Close::operator()(pg_conn* connection) const { PQfinish(connection); }

PostgresSession::PostgresSession(const PostgresTarget& target, const ServerLimits& limits, bool is_writer)
    : target_(target), limits_(limits) {
  std::vector<const char*> names;
  std::vector<const char*> values;
  for (const auto& [name, value] : target.parameters) {
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  // After a failover the old server may come back as one that only follows.
  if (is_writer) {
    names.push_back("target_session_attrs");
    values.push_back("read-write");
  }
  names.push_back(nullptr);
  values.push_back(nullptr);
  connection_.reset(PQconnectdbParams(names.data(), values.data(), 0));
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw_lost("the server cannot be reached");
  if (PQsetnonblocking(connection_.get(), 1) != 0 || PQenterPipelineMode(connection_.get()) != 1) throw_lost("no pipeline");
  check_server(is_writer);
  ask("SELECT set_config('search_path', '\"" + target.schema + "\"', false), set_config('statement_timeout', '" +
      std::to_string(limits.statement_timeout_ms) + "', false), set_config('lock_timeout', '" +
      std::to_string(limits.lock_timeout_ms) +
      "', false), set_config('tcp_keepalives_idle', '10', false), set_config('tcp_keepalives_interval', '5', false), "
      "set_config('tcp_keepalives_count', '3', false), set_config('jit', 'off', false), set_config('client_min_messages', "
      "'warning', false), set_config('synchronous_commit', "
      "CASE WHEN current_setting('synchronous_commit') = 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)");
}

void PostgresSession::check_server(bool is_writer) {
  const int version = PQserverVersion(connection_.get());
  if (version < oldest_server) {
    throw StorageError("the server is PostgreSQL " + std::to_string(version / 10'000) + ", and 13 is the oldest that will do");
  }
  const Answer row =
      ask("SELECT current_setting('server_encoding'), current_setting('fsync'), current_setting('full_page_writes')");
  if (PQgetvalue(row.get(), 0, 0) != std::string_view("UTF8")) {
    throw StorageError(std::string("the database has the encoding ") + PQgetvalue(row.get(), 0, 0) +
                       "; make one with ENCODING 'UTF8' TEMPLATE template0");
  }
  for (const int column : {1, 2}) {
    if (!is_writer || PQgetvalue(row.get(), 0, column) == std::string_view("on")) continue;
    throw StorageError(std::string("the server runs with ") + (column == 1 ? "fsync" : "full_page_writes") +
                       " = off: what it has committed may be gone after a power cut. Set it to on");
  }
}

bool PostgresSession::is_alive() {
  return PQstatus(connection_.get()) == CONNECTION_OK && PQconsumeInput(connection_.get()) == 1 &&
         PQstatus(connection_.get()) == CONNECTION_OK;
}

bool PostgresSession::is_in_transaction() const { return PQtransactionStatus(connection_.get()) != PQTRANS_IDLE; }

void PostgresSession::expect_queued(int queued) const {
  if (queued == 1) return;
  if (PQstatus(connection_.get()) != CONNECTION_OK) throw_lost("the connection is lost");
  throw PostgresError("a statement could not be queued: " + one_line(PQerrorMessage(connection_.get())), "XX000");
}

void PostgresSession::prepare(const std::string& name, const char* sql, const std::vector<Parameter>& parameters) {
  const std::vector<Oid> types = types_of(parameters);
  expect_queued(PQsendPrepare(connection_.get(), name.c_str(), sql, static_cast<int>(types.size()), types.data()));
}

void PostgresSession::run(const std::string& name, const std::vector<Parameter>& parameters) {
  std::vector<const char*> values;
  std::vector<int> lengths;
  const std::vector<int> formats(parameters.size(), binary);
  for (const Parameter& parameter : parameters) {
    values.push_back(parameter.is_null ? nullptr : parameter.bytes.data());
    lengths.push_back(static_cast<int>(parameter.bytes.size()));
  }
  expect_queued(PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(parameters.size()), values.data(),
                                    lengths.data(), formats.data(), binary));
}

void PostgresSession::run_text(const std::string& sql) {
  expect_queued(PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, binary));
}

void PostgresSession::synchronise() {
  expect_queued(PQpipelineSync(connection_.get()));
  const std::int64_t give_up = give_up_at_ms();
  for (int left = PQflush(connection_.get()); left != 0; left = PQflush(connection_.get())) {
    if (left < 0) throw_lost("the connection is lost");
    // The server may have to say something before it can hear more.
    wait(POLLIN | POLLOUT, give_up);
    if (PQconsumeInput(connection_.get()) != 1) throw_lost("the connection is lost");
  }
}

void PostgresSession::wait(short events, std::int64_t until_ms) const {
  pollfd socket{PQsocket(connection_.get()), events, 0};
  const std::int64_t left_ms = until_ms - now_ms();
  if (left_ms <= 0 || ::poll(&socket, 1, static_cast<int>(left_ms)) == 0) throw_lost("the server does not answer");
}

std::int64_t PostgresSession::give_up_at_ms() const { return now_ms() + 2 * limits_.statement_timeout_ms; }

pg_result* PostgresSession::wait_for_answer() {
  const std::int64_t give_up = give_up_at_ms();
  while (PQisBusy(connection_.get()) == 1) {
    wait(POLLIN, give_up);
    if (PQconsumeInput(connection_.get()) != 1) throw_lost("the connection is lost");
  }
  return PQgetResult(connection_.get());
}

PostgresSession::Answer PostgresSession::next_answer() {
  Answer answer(wait_for_answer());
  if (!answer || PQstatus(connection_.get()) != CONNECTION_OK) throw_lost("the connection is lost");
  const Answer end(wait_for_answer());  // null: each statement has one answer
  if (end) throw_lost("the server answered out of turn");
  return answer;
}

void PostgresSession::expect_synchronised() {
  const Answer answer(wait_for_answer());
  if (!answer || PQresultStatus(answer.get()) != PGRES_PIPELINE_SYNC) throw_lost("the connection is lost");
}

PostgresSession::Answer PostgresSession::ask(const std::string& sql) {
  run_text(sql);
  synchronise();
  Answer answer = next_answer();
  if (const auto error = error_of(answer.get(), sql)) {
    if (!error->is_lost()) expect_synchronised();
    throw PostgresError(*error);
  }
  expect_synchronised();
  return answer;
}

std::unique_ptr<PostgresError> PostgresSession::error_of(const pg_result* answer, const std::string& sql) {
  const ExecStatusType status = PQresultStatus(answer);
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK || status == PGRES_PIPELINE_ABORTED) return nullptr;
  const char* state = PQresultErrorField(answer, PG_DIAG_SQLSTATE);
  const char* primary = PQresultErrorField(answer, PG_DIAG_MESSAGE_PRIMARY);
  const std::string message = primary != nullptr ? one_line(primary) : one_line(PQresultErrorMessage(answer));
  return std::make_unique<PostgresError>(sql + ": " + message + (state != nullptr ? " (" + std::string(state) + ")" : ""),
                                         state != nullptr ? state : "");
}

bool PostgresSession::is_skipped(const pg_result* answer) { return PQresultStatus(answer) == PGRES_PIPELINE_ABORTED; }

void PostgresSession::throw_lost(const std::string& why) const {
  const std::string detail = one_line(PQerrorMessage(connection_.get()));
  throw PostgresError(why + ": " + target_.place + (detail.empty() ? "" : ": " + detail), "");
}

}  // namespace seamline::store
