#include "store/postgres_statement.hpp"

#include <libpq-fe.h>

#include <algorithm>

namespace seamline::store {
namespace {

// PostgreSQL's numbers of its types: src/include/catalog/pg_type.dat.
constexpr Oid bytea = 17;
constexpr Oid name_type = 19;
constexpr Oid int8 = 20;
constexpr Oid int2 = 21;
constexpr Oid int4 = 23;
constexpr Oid text_type = 25;

/// The highest `$n`. Inside a quote none is expected, and none would do harm.
std::size_t count_parameters(std::string_view sql) {
  std::size_t highest = 0;
  for (std::size_t at = sql.find('$'); at != std::string_view::npos; at = sql.find('$', at + 1)) {
    std::size_t number = 0;
    for (std::size_t digit = at + 1; digit < sql.size() && sql[digit] >= '0' && sql[digit] <= '9'; ++digit) {
      number = number * 10 + static_cast<std::size_t>(sql[digit] - '0');
    }
    highest = std::max(highest, number);
  }
  // As with SQLite, a question mark is no parameter here.
  SEAMLINE_ASSERT(sql.find('?') == std::string_view::npos);
  return highest;
}

/// Network order (RFC 1700), as every binary format of PostgreSQL.
std::string big_endian(std::int64_t value) {
  std::string bytes(8, '\0');
  auto left = static_cast<std::uint64_t>(value);
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte, left >>= 8U) *byte = static_cast<char>(left & 0xFFU);
  return bytes;
}

std::int64_t from_big_endian(std::string_view bytes) {
  const bool is_negative = !bytes.empty() && (static_cast<unsigned char>(bytes.front()) & 0x80U) != 0;
  std::uint64_t value = is_negative ? ~std::uint64_t{0} : 0;
  for (const char byte : bytes) value = (value << 8U) | static_cast<unsigned char>(byte);
  return static_cast<std::int64_t>(value);
}

}  // namespace

PostgresStatement::PostgresStatement(PostgresConnection& connection, const char* sql, std::int64_t number)
    : connection_(connection), sql_(sql), number_(number), parameters_(count_parameters(sql)) {}

void PostgresStatement::begin_use() {
  SEAMLINE_ASSERT(!in_use_);
  in_use_ = true;
}

PostgresSession::Parameter& PostgresStatement::parameter(int number) {
  SEAMLINE_ASSERT(number >= 1 && static_cast<std::size_t>(number) <= parameters_.size());
  return parameters_[static_cast<std::size_t>(number) - 1];
}

void PostgresStatement::bind_integer(int number, std::int64_t value) { parameter(number) = {int8, false, big_endian(value)}; }
void PostgresStatement::bind_text(int number, std::string_view value) {
  parameter(number) = {text_type, false, std::string(value)};
}
void PostgresStatement::bind_bytes(int number, std::string_view value) { parameter(number) = {bytea, false, std::string(value)}; }
void PostgresStatement::bind_null(int number) { parameter(number) = {}; }

std::string PostgresStatement::name() const {
  std::string name = "s" + std::to_string(number_) + "_";
  for (const auto& one : parameters_)
    name.push_back(one.type == int8 ? 'i' : one.type == text_type ? 't' : one.type == bytea ? 'b' : 'n');
  return name;
}

bool PostgresStatement::is_prepared(const std::string& name, std::int64_t session) const {
  const auto found = prepared_in_.find(name);
  return found != prepared_in_.end() && found->second == session;
}

bool PostgresStatement::step() {
  if (!answer_) {
    connection_.run_and_wait(*this);
    row_ = -1;
  }
  return ++row_ < PQntuples(answer_.get());
}

std::string PostgresStatement::take_tag() {
  std::string tag = PQcmdStatus(answer_.get());
  reset();
  return tag;
}

void PostgresStatement::run() { connection_.queue(*this, false, false); }
void PostgresStatement::run_for_one_row() { connection_.queue(*this, false, true); }

void PostgresStatement::reset() {
  answer_.reset();
  row_ = -1;
  in_use_ = false;
}

bool PostgresStatement::has_column(int number) const {
  return answer_ && row_ >= 0 && row_ < PQntuples(answer_.get()) && number >= 0 && number < PQnfields(answer_.get());
}

std::string_view PostgresStatement::column(int number, std::initializer_list<unsigned> types) {
  const bool is_there = has_column(number) && PQgetisnull(answer_.get(), row_, number) == 0 &&
                        std::find(types.begin(), types.end(), PQftype(answer_.get(), number)) != types.end();
  if (!is_there) throw StorageError(std::string(sql_) + ": column " + std::to_string(number) + " has another type");
  return {PQgetvalue(answer_.get(), row_, number), static_cast<std::size_t>(PQgetlength(answer_.get(), row_, number))};
}

std::int64_t PostgresStatement::integer(int number) { return from_big_endian(column(number, {int8, int4, int2})); }
std::string_view PostgresStatement::text(int number) { return column(number, {text_type, name_type}); }
std::string_view PostgresStatement::bytes(int number) { return column(number, {bytea}); }
bool PostgresStatement::is_null(int number) { return has_column(number) && PQgetisnull(answer_.get(), row_, number) == 1; }

}  // namespace seamline::store
