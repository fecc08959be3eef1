#include "store/postgres_inspection.hpp"

#include "store/migrator.hpp"
#include "store/postgres_connection.hpp"

namespace seamline::store {
namespace {

/// What one session with the server finds out.
class PostgresInspection {
 public:
  PostgresInspection(PostgresConnection& connection, const PostgresTarget& target, const std::string& module,
                     ServerReport& report)
      : connection_(connection), target_(target), module_(module), report_(report) {}

  void run(std::span<const Migration> migrations) {
    measure();
    look_at_settings();
    look_for_holder();
    if (may_use_schema()) look_at_schema(migrations);
  }

 private:
  void add(bool is_fatal, std::string detail, std::string fix) {
    report_.findings.push_back({is_fatal, std::move(detail), std::move(fix)});
  }

  void measure() {
    constexpr const char* nothing = "SELECT 1 FROM pg_database LIMIT 0";
    connection_.query(nothing).next();  // prepared from here on
    const Instant asked = Clock::system().monotonic();
    connection_.query(nothing).next();
    report_.latency_us = (Clock::system().monotonic().ns - asked.ns) / 1'000;
  }

  void look_at_settings() {
    Rows row = connection_.query(
        "SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('fsync'), "
        "current_setting('full_page_writes'), (SELECT reset_val FROM pg_settings WHERE name = 'synchronous_commit')");
    row.next();
    report_.version = "PostgreSQL " + std::string(row.text(0));
    for (const int column : {1, 2}) {
      if (row.text(column) == "on") continue;
      const std::string setting = column == 1 ? "fsync" : "full_page_writes";
      add(true, "It runs with " + setting + " = off: what it has committed may be gone after a power cut.",
          "Set " + setting + " = on in its postgresql.conf, and have it read that again. A store is refused until then.");
    }
    if (row.text(3) != "off") return;
    add(false,
        "Its default for synchronous_commit is off. The shop sets it on for itself, and nobody else's commits are durable.",
        "Set synchronous_commit = on, unless others need it off.");
  }

  void look_for_holder() {
    Rows row = connection_.query(
        "SELECT CAST(l.pid AS TEXT), coalesce(a.application_name, ''), coalesce(host(a.client_addr), 'its own machine') "
        "FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid "
        "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
        "AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()) "
        "AND (CAST(l.classid AS BIGINT) << 32) + CAST(l.objid AS BIGINT) = $1",
        target_.lock_key());
    if (!row.next()) return;
    report_.holder = "\"" + std::string(row.text(1)) + "\", which is connected from " + std::string(row.text(2)) + " (process " +
                     std::string(row.text(0)) + " of the server)";
  }

  /// Whether there is a schema to look at. One that is missing is made at the first start.
  bool may_use_schema() {
    Rows row = connection_.query(
        "SELECT CASE WHEN EXISTS (SELECT 1 FROM pg_namespace WHERE nspname = $1) "
        "THEN CASE WHEN has_schema_privilege($1, 'USAGE') AND has_schema_privilege($1, 'CREATE') THEN 'open' ELSE 'closed' "
        "END WHEN has_database_privilege(current_database(), 'CREATE') THEN 'to be made' ELSE 'forbidden' END, "
        "CAST(current_user AS TEXT), CAST(current_database() AS TEXT)",
        target_.schema);
    row.next();
    const std::string user(row.text(1));
    if (row.text(0) == "closed") {
      add(true, "The user " + user + " may not use the schema " + target_.schema + ", or make tables in it.",
          "ALTER SCHEMA " + target_.schema + " OWNER TO " + user + ";");
    } else if (row.text(0) == "forbidden") {
      add(true, "There is no schema " + target_.schema + ", and the user " + user + " may not make one.",
          "CREATE SCHEMA " + target_.schema + " AUTHORIZATION " + user + ";");
    }
    return row.text(0) == "open";
  }

  void look_at_schema(std::span<const Migration> migrations) {
    const auto pending = pending_migrations(connection_, module_, migrations);
    if (!pending) return add(true, pending.error().detail, "Run the program that has made this schema, or a newer one.");
    if (pending->empty() || connection_.tables().empty()) return;
    std::string missing;
    for (const Migration& migration : *pending) {
      missing += (missing.empty() ? "" : ", ") + std::string(migration.owner) + "/" + std::to_string(migration.version) + " (" +
                 std::string(migration.name) + ")";
    }
    add(false, "Its schema is older than this program, and lacks " + missing + ".",
        "The next start makes up for it. Keep a copy of the data until it has: no older program takes it back.");
  }

  PostgresConnection& connection_;
  const PostgresTarget& target_;
  const std::string& module_;
  ServerReport& report_;
};

}  // namespace

ServerReport inspect_postgres(const DatabaseOptions& options, std::span<const Migration> migrations) {
  ServerReport report;
  auto target = PostgresTarget::read(options);
  if (!target) {
    report.findings.push_back({true, target.error().detail, "Write storage." + options.module + ".url as libpq takes it."});
    return report;
  }
  report.place = target->place;
  // As for a writer: not a server that only follows another one.
  target->parameters.emplace_back("target_session_attrs", "read-write");
  try {
    PostgresConnection connection(*target, options.server, PostgresConnection::Mode::reader);
    PostgresInspection(connection, *target, options.module, report).run(migrations);
  } catch (const StorageError& problem) {
    report.findings.push_back({true, std::string("PostgreSQL: ") + problem.what() + ".",
                               "See that the server runs, and that storage." + options.module +
                                   ".url names it, its database and its user; the password is PGPASSWORD, or in ~/.pgpass."});
  }
  return report;
}

}  // namespace seamline::store
