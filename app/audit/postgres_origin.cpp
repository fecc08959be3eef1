#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "audit/database.hpp"

namespace seamline::audit {
namespace {

// PostgreSQL's numbers of the types that its tables here have (pg_type.dat).
constexpr Oid bytea = 17;
constexpr Oid int8 = 20;
constexpr Oid text = 25;

struct Finish {
  void operator()(PGconn* connection) const { PQfinish(connection); }
};
struct Clear {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

/// What stands of a store at which place among the others, and the last entry of its log.
constexpr std::array positions{"ownership", "cursors", "receipts"};

/// Takes `schema=name` out of a url, which libpq does not know; the name is that of the module where there is none.
std::string take_schema(std::string& url, const std::string& module) {
  static constexpr std::string_view option = "schema=";
  std::size_t begin = url.find('?');
  while (begin != std::string::npos && url.compare(begin + 1, option.size(), option) != 0) begin = url.find('&', begin + 1);
  if (begin == std::string::npos) return "seamline_" + module;
  const std::size_t end = std::min(url.find('&', begin + 1), url.size());
  const std::string schema = url.substr(begin + 1 + option.size(), end - begin - 1 - option.size());
  url.erase(begin + 1, std::min(end + 1, url.size()) - begin - 1);
  return schema;
}

bool is_plain_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(),
                                      [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

class PostgresOrigin final : public Origin {
 public:
  explicit PostgresOrigin(const Source& source) : module_(source.module) {
    std::string url = source.url;
    schema_ = take_schema(url, module_);
    if (!is_plain_name(schema_)) throw ReadError("The schema of the store of " + module_ + " is none that a shop can have.");
    // What the url says itself comes later, and counts.
    const std::array names{"application_name", "connect_timeout", "client_encoding", "dbname", static_cast<const char*>(nullptr)};
    const std::array values{"seamline audit", "10", "UTF8", url.c_str(), static_cast<const char*>(nullptr)};
    connection_.reset(PQconnectdbParams(names.data(), values.data(), 1));
    if (PQstatus(connection_.get()) != CONNECTION_OK) refuse(nullptr);
    run("SET search_path TO " + schema_);
  }

  void begin(Database& copy) override {
    if (PQtransactionStatus(connection_.get()) != PQTRANS_IDLE) run("ROLLBACK");
    // The first query fixes the moment.
    run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    copy.run("BEGIN");
    for (const Table& table : tables_of(module_)) {
      if (std::find(positions.begin(), positions.end(), table.name) != positions.end()) fill(copy, table, "");
      if (table.name == "event_log") fill(copy, table, " ORDER BY seq DESC LIMIT 1");
    }
    copy.run("COMMIT");
  }

  void complete(Database& copy) override {
    copy.run("BEGIN");
    for (const Table& table : tables_of(module_)) examine(table, fill(copy, table, ""));
    copy.run("COMMIT");
    run("COMMIT");
  }

  std::string unsoundness() const override { return problem_; }

 private:
  [[noreturn]] void refuse(const PGresult* result) const {
    const char* state = result == nullptr ? nullptr : PQresultErrorField(result, PG_DIAG_SQLSTATE);
    // PostgreSQL's manual, appendix A: what its files hold is damaged (class XX), or one is not there.
    const bool is_unsound = state != nullptr && (std::strncmp(state, "XX", 2) == 0 || std::strcmp(state, "58P01") == 0);
    throw ReadError("The store of " + module_ + " cannot be read: " + PQerrorMessage(connection_.get()), is_unsound);
  }

  Answer run(const std::string& sql) {
    Answer answer(PQexec(connection_.get(), sql.c_str()));
    const ExecStatusType status = PQresultStatus(answer.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) refuse(answer.get());
    return answer;
  }

  /// Makes the rows of the server's table those of the copy's. Returns how many there are.
  std::int64_t fill(Database& copy, const Table& table, std::string_view which) {
    copy.run(("DELETE FROM " + std::string(table.name)).c_str());
    Insert insert(copy, table.name, table.columns);
    std::string sql = "SELECT " + std::string(table.columns) + " FROM " + std::string(table.name) + std::string(which);
    constexpr int in_binary = 1;
    PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, in_binary);
    // Row by row: a table may be larger than what there is of memory.
    PQsetSingleRowMode(connection_.get());
    std::vector<Value> values;
    std::int64_t rows = 0;
    while (const Answer answer{PQgetResult(connection_.get())}) {
      if (PQresultStatus(answer.get()) == PGRES_TUPLES_OK) continue;
      if (PQresultStatus(answer.get()) != PGRES_SINGLE_TUPLE) refuse(answer.get());
      values.clear();
      for (int column = 0; column < PQnfields(answer.get()); ++column) values.push_back(value_in(*answer, column, table));
      insert.add(values);
      ++rows;
    }
    return rows;
  }

  Value value_in(const PGresult& row, int column, const Table& table) const {
    if (PQgetisnull(&row, 0, column) != 0) return {};
    const std::string_view value(PQgetvalue(&row, 0, column), static_cast<std::size_t>(PQgetlength(&row, 0, column)));
    switch (PQftype(&row, column)) {
      case text: return value;
      case bytea: return Bytes{value};
      case int8: return integer_of(value);
      default:
        throw ReadError("The store of " + module_ + " cannot be read: a column of " + std::string(table.name) +
                        " has not the type that its migration gives it.");
    }
  }

  /// Eight bytes, the highest first.
  static std::int64_t integer_of(std::string_view value) {
    std::uint64_t number = 0;
    for (const char byte : value) number = number << 8U | static_cast<unsigned char>(byte);
    return std::bit_cast<std::int64_t>(number);
  }

  /// The table, of which so many rows were read, against its primary key.
  void examine(const Table& table, std::int64_t rows) {
    const std::string name(table.name);
    const std::string key(table.key);
    const Answer found =
        run("SELECT coalesce(string_agg(a.attname, ', ' ORDER BY k.rank), '') FROM pg_index AS i CROSS JOIN unnest(i.indkey) "
            "WITH ORDINALITY AS k (attnum, rank) JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum "
            "WHERE i.indisprimary AND i.indisvalid AND i.indrelid = '" +
            schema_ + "." + name + "'::regclass");
    if (PQgetvalue(found.get(), 0, 0) != key) return add_problem("the table " + name + " has not the primary key " + key);
    run("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off");
    const Answer counted =
        run("SELECT count(*) FROM (SELECT " + key + " FROM " + name + " ORDER BY " + key + " OFFSET 0) AS by_key");
    run("SET LOCAL enable_seqscan = on; SET LOCAL enable_bitmapscan = on; SET LOCAL enable_sort = on");
    const std::string by_key = PQgetvalue(counted.get(), 0, 0);
    if (by_key != std::to_string(rows)) {
      add_problem("the table " + name + " has " + std::to_string(rows) + " rows, and " + by_key + " by its primary key");
    }
  }

  void add_problem(const std::string& problem) { problem_ += (problem_.empty() ? "" : "; ") + problem; }

  const std::string module_;
  std::string schema_;
  std::unique_ptr<PGconn, Finish> connection_;
  std::string problem_;
};

}  // namespace

std::unique_ptr<Origin> open_postgres(const Source& source) { return std::make_unique<PostgresOrigin>(source); }

}  // namespace seamline::audit
