#include "store/postgres.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <memory>

#include "base/hash.hpp"
#include "store/postgres_connection.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode locked{"store.locked", Kind::conflict};
constexpr ErrorCode unusable{"store.unusable", Kind::unavailable};

using Parameters = std::vector<std::pair<std::string, std::string>>;

class PostgresDatabase final : public Database {
 public:
  PostgresDatabase(DatabaseOptions options, PostgresTarget target) : options_(std::move(options)), target_(std::move(target)) {}

  Result<std::unique_ptr<Connection>> open_writer() override {
    try {
      return open(PostgresConnection::Mode::writer);
    } catch (const StoreIsLocked&) {
      return fail(locked, "The store of module " + options_.module + " in " + target_.place +
                              " is in use by another process. Stop that one, or give this one another database or schema.");
    }
  }
  std::unique_ptr<Connection> open_reader() override { return open(PostgresConnection::Mode::reader); }
  std::string place() const override { return target_.place; }

 private:
  std::unique_ptr<Connection> open(PostgresConnection::Mode mode) const {
    return std::make_unique<PostgresConnection>(target_, options_.server, mode);
  }

  const DatabaseOptions options_;
  const PostgresTarget target_;
};

/// Takes `schema=name` out of the url's parameters: libpq does not know it.
std::string take_schema(std::string& url) {
  const std::size_t question = url.find('?');
  if (question == std::string::npos) return {};
  std::string schema;
  std::string kept;
  for (std::size_t begin = question + 1; begin <= url.size();) {
    const std::size_t end = std::min(url.find('&', begin), url.size());
    const std::string part = url.substr(begin, end - begin);
    if (part.starts_with("schema=")) {
      schema = part.substr(std::string_view("schema=").size());
    } else if (!part.empty()) {
      kept += (kept.empty() ? "?" : "&") + part;
    }
    begin = end + 1;
  }
  url = url.substr(0, question) + kept;
  return schema;
}

/// A name that needs no thought about quoting or letter case.
bool is_plain_name(std::string_view name) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; };
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  return !name.empty() && name.size() <= 63 && is_letter(name.front()) && !name.starts_with("pg_") &&
         std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || is_digit(c); });
}

std::string value_of(const Parameters& parameters, std::string_view name, std::string_view otherwise) {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  return std::string(otherwise);
}

/// What notices that the other side is gone without a word.
Parameters with_defaults(Parameters parameters, const DatabaseOptions& options) {
  const auto add = [&](const char* name, std::string value) {
    if (value_of(parameters, name, {}).empty()) parameters.emplace_back(name, std::move(value));
  };
  add("application_name", "seamline " + options.module);
  add("client_encoding", "UTF8");
  add("connect_timeout", std::to_string((options.server.connect_timeout_ms + 999) / 1000));
  add("keepalives_idle", "10");
  add("keepalives_interval", "5");
  add("keepalives_count", "3");
  add("tcp_user_timeout", std::to_string(options.server.statement_timeout_ms));
  return parameters;
}

/// Errors: store.unusable; libpq's message names the place, and never a value.
Result<Parameters> parse(const std::string& url) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> options(PQconninfoParse(url.c_str(), &message),
                                                                             PQconninfoFree);
  const std::unique_ptr<char, decltype(&PQfreemem)> owned(message, PQfreemem);
  if (!options) return fail(unusable, std::string("The url of the store cannot be read: ") + (message != nullptr ? message : ""));
  Parameters parameters;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) parameters.emplace_back(option->keyword, option->val);
  }
  return parameters;
}

}  // namespace

std::int64_t PostgresTarget::lock_key() const {
  const Sha256 digest = sha256("seamline store " + schema);
  std::uint64_t key = 0;
  for (std::size_t i = 0; i < 8; ++i) key = (key << 8U) | digest[i];
  return static_cast<std::int64_t>(key);
}

Result<PostgresTarget> PostgresTarget::read(const DatabaseOptions& options) {
  std::string url = options.storage.url;
  PostgresTarget target;
  target.schema = take_schema(url);
  if (target.schema.empty()) target.schema = "seamline_" + options.module;
  if (!is_plain_name(target.schema)) {
    return fail(unusable,
                "The schema of a store must be of small letters, digits and underscores, at most 63, and not begin with pg_.");
  }
  auto parameters = parse(url);
  if (!parameters) return fail(std::move(parameters.error()));
  target.place = "postgres://" + value_of(*parameters, "host", "(default host)") + ":" + value_of(*parameters, "port", "5432") +
                 "/" + value_of(*parameters, "dbname", "(default database)") + ", schema " + target.schema;
  target.parameters = with_defaults(std::move(*parameters), options);
  return target;
}

Result<std::unique_ptr<Database>> make_postgres_database(const DatabaseOptions& options) {
  auto target = PostgresTarget::read(options);
  if (!target) return fail(std::move(target.error()));
  return std::make_unique<PostgresDatabase>(options, std::move(*target));
}

}  // namespace seamline::store
