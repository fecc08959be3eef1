#include "store/database.hpp"

#ifdef SEAMLINE_POSTGRES
#include "store/postgres.hpp"
#endif
#include "store/sqlite.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode unusable{"store.unusable", Kind::unavailable};

/// The one partition that there is today; a later one would be `1.db`.
constexpr const char* database_file = "0.db";

class SqliteDatabase final : public Database {
 public:
  explicit SqliteDatabase(DatabaseOptions options) : options_(std::move(options)) {}

  Result<std::unique_ptr<Connection>> open_writer() override { return open(SqliteConnection::Mode::writer); }
  std::unique_ptr<Connection> open_reader() override { return open(SqliteConnection::Mode::reader); }
  std::string place() const override { return options_.directory.string(); }

 private:
  std::unique_ptr<Connection> open(SqliteConnection::Mode mode) const {
    return std::make_unique<SqliteConnection>(options_.directory / database_file, mode, options_.checkpoint_pages);
  }

  const DatabaseOptions options_;
};

/// Whether a url holds a password: `//user:password@host`, or a parameter of that name.
bool has_password(std::string_view url) {
  const std::size_t begin = url.find("//") + 2;
  const std::size_t end = url.find_first_of("/?", begin);
  const std::string_view authority = url.substr(begin, end == std::string_view::npos ? end : end - begin);
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos && authority.substr(0, at).find(':') != std::string_view::npos) return true;
  return url.find("password=", begin) != std::string_view::npos;
}

[[maybe_unused]] Result<void> check_postgres(std::string_view url) {
  if (!url.starts_with("postgres://") && !url.starts_with("postgresql://")) {
    return fail(unusable, "A store of the kind postgres needs a url, for example postgres://shop@127.0.0.1:5432/shop.");
  }
  if (has_password(url)) {
    return fail(unusable,
                "The url of a store holds a password, and configurations are shown and copied. Take it out, and give it by the "
                "environment (PGPASSWORD) or by libpq's password file (~/.pgpass).");
  }
  return {};
}

[[maybe_unused]] Result<void> check_mongodb(std::string_view url) {
  if (!url.starts_with("mongodb://") && !url.starts_with("mongodb+srv://")) {
    return fail(unusable, "A store of the kind mongodb needs a url, for example mongodb://shop@127.0.0.1:27017/shop.");
  }
  if (has_password(url)) {
    return fail(unusable,
                "The url of a store holds a password, and configurations are shown and copied. Take it out, and give it by the "
                "environment (SEAMLINE_MONGODB_PASSWORD).");
  }
  return {};
}

}  // namespace

Result<void> check_storage(const Storage& storage) {
  switch (storage.kind) {
    case StorageKind::sqlite:
      if (storage.url.empty()) return {};
      return fail(unusable, "A store of the kind sqlite has no url: its file is in data_dir.");
    case StorageKind::postgres:
#ifdef SEAMLINE_POSTGRES
      return check_postgres(storage.url);
#else
      return fail(unusable,
                  "This program was built without PostgreSQL. Build it with -DSEAMLINE_POSTGRES=ON, or use kind sqlite.");
#endif
    case StorageKind::mongodb:
#ifdef SEAMLINE_MONGODB
      return check_mongodb(storage.url);
#else
      return fail(unusable, "This program was built without MongoDB. Build it with -DSEAMLINE_MONGODB=ON, or use kind sqlite.");
#endif
  }
  return {};
}

Result<std::unique_ptr<Database>> make_database(const DatabaseOptions& options) {
  if (auto checked = check_storage(options.storage); !checked) return fail(std::move(checked.error()));
#ifdef SEAMLINE_POSTGRES
  if (options.storage.kind == StorageKind::postgres) return make_postgres_database(options);
#endif
  return std::make_unique<SqliteDatabase>(options);
}

}  // namespace seamline::store
