#pragma once

#include <map>

#include "store/postgres_connection.hpp"

namespace seamline::store {

/// A statement of a PostgresConnection. On the server it is prepared once for each combination of its parameters' types: NULL has
/// none of its own, so that the server finds it.
class PostgresStatement final : public store::Statement {
 public:
  PostgresStatement(PostgresConnection& connection, const char* sql, std::int64_t number);

  /// A statement serves one use at a time.
  void begin_use();
  int parameters() const override { return static_cast<int>(parameters_.size()); }
  void bind_integer(int parameter, std::int64_t value) override;
  void bind_text(int parameter, std::string_view value) override;
  void bind_bytes(int parameter, std::string_view value) override;
  void bind_null(int parameter) override;
  bool step() override;
  void run() override;
  void run_for_one_row() override;
  void reset() override;
  std::int64_t integer(int column) override;
  std::string_view text(int column) override;
  std::string_view bytes(int column) override;
  bool is_null(int column) override;

  const char* sql() const { return sql_; }
  const std::vector<PostgresSession::Parameter>& values() const { return parameters_; }
  /// Its name on the server, for the types that its parameters have now.
  std::string name() const;
  /// Whether the server knows it by that name, or will before it sees what is sent next.
  bool is_prepared(const std::string& name, std::int64_t session) const;
  void set_prepared(const std::string& name, std::int64_t session) { prepared_in_[name] = session; }
  void forget_prepared(const std::string& name) { prepared_in_.erase(name); }
  void keep(PostgresSession::Answer answer) { answer_ = std::move(answer); }
  /// The server's word for what a kept answer says was done, `COMMIT`. The answer is given up.
  std::string take_tag();

 private:
  PostgresSession::Parameter& parameter(int number);
  /// The bytes of a column of one of these types. Throws StorageError where it has another, or is NULL.
  std::string_view column(int number, std::initializer_list<unsigned> types);
  bool has_column(int number) const;

  PostgresConnection& connection_;
  const char* sql_;
  const std::int64_t number_;
  std::vector<PostgresSession::Parameter> parameters_;
  std::map<std::string, std::int64_t, std::less<>> prepared_in_;
  PostgresSession::Answer answer_;
  int row_ = -1;
  bool in_use_ = false;
};

}  // namespace seamline::store
