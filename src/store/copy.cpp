#include "store/copy.hpp"

#include <deque>

#include "store/folder_lock.hpp"
#include "store/migrator.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode not_empty{"store.not_empty", Kind::conflict};
constexpr ErrorCode copy_differs{"store.copy_differs", Kind::internal};

/// Rows that are read at once.
constexpr std::int64_t chunk_rows = 1000;

using Columns = std::vector<Column>;

struct Table {
  std::string name;
  Columns columns;
  std::vector<std::size_t> key;  // places among the columns
};

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string numbered(std::size_t count) {
  std::vector<std::string> numbers;
  for (std::size_t i = 1; i <= count; ++i) numbers.push_back("$" + std::to_string(i));
  return joined(numbers);
}

/// A table's statements, made from names that the migrations gave.
struct TableStatements {
  explicit TableStatements(const Table& table) {
    std::vector<std::string> names;
    std::vector<std::string> key;
    for (const Column& column : table.columns) names.push_back("\"" + column.name + "\"");
    for (const std::size_t place : table.key) key.push_back(names[place]);
    const std::string quoted = "\"" + table.name + "\"";
    const std::string select = "SELECT " + joined(names) + " FROM " + quoted;
    const std::string limit = " ORDER BY " + joined(key) + " LIMIT " + std::to_string(chunk_rows);
    first = select + limit;
    next = select + " WHERE (" + joined(key) + ") > (" + numbered(key.size()) + ")" + limit;
    insert = "INSERT INTO " + quoted + " (" + joined(names) + ") VALUES (" + numbered(names.size()) + ")";
  }
  std::string first;
  std::string next;
  std::string insert;
};

Value read_value(Rows& row, int at, ColumnType type) {
  if (row.is_null(at)) return {};
  switch (type) {
    case ColumnType::integer: return row.integer(at);
    case ColumnType::text: return std::string(row.text(at));
    case ColumnType::bytes: return Bytes{std::string(row.bytes(at))};
  }
  return {};
}

/// Adds a value in a form that no other value has.
void append_value(std::string& text, const Value& value) {
  const auto append = [&](char kind, const std::string& bytes) {
    text += kind;
    text += std::to_string(bytes.size());
    text += ':';
    text += bytes;
  };
  if (std::holds_alternative<std::monostate>(value)) append('n', "");
  if (const auto* integer = std::get_if<std::int64_t>(&value)) append('i', std::to_string(*integer));
  if (const auto* words = std::get_if<std::string>(&value)) append('t', *words);
  if (const auto* bytes = std::get_if<Bytes>(&value)) append('b', bytes->bytes);
}

using Row = std::vector<Value>;

/// Calls `take` with every row, in the order of the primary key, and tells how many there were and their digest.
CopiedTable scan(Connection& rows, const Table& table, const TableStatements& statements,
                 const std::function<void(const Row&)>& take) {
  CopiedTable read;
  read.name = table.name;
  Row key;
  for (std::int64_t in_chunk = chunk_rows; in_chunk == chunk_rows;) {
    in_chunk = 0;
    std::vector<Row> chunk;
    {
      Rows row = rows.query_with(Sql::of_names(key.empty() ? statements.first : statements.next), key);
      for (; row.next(); ++in_chunk) {
        Row values;
        for (std::size_t i = 0; i < table.columns.size(); ++i) {
          values.push_back(read_value(row, static_cast<int>(i), table.columns[i].type));
        }
        chunk.push_back(std::move(values));
      }
    }
    for (const Row& values : chunk) {
      std::string text(as_bytes(read.digest));
      for (const Value& value : values) append_value(text, value);
      read.digest = sha256(text);
      ++read.rows;
      take(values);
    }
    if (chunk.empty()) break;
    key.clear();
    for (const std::size_t place : table.key) key.push_back(chunk.back()[place]);
  }
  return read;
}

std::vector<Table> tables_of(Connection& rows) {
  std::vector<Table> tables;
  for (const std::string& name : rows.tables()) {
    if (name == "schema_migrations" || name == "store_holder") continue;  // each database's own
    Table table{name, rows.columns(name), {}};
    for (std::size_t rank = 1; rank <= table.columns.size(); ++rank) {
      for (std::size_t place = 0; place < table.columns.size(); ++place) {
        if (table.columns[place].rank_in_key == static_cast<std::int64_t>(rank)) table.key.push_back(place);
      }
    }
    tables.push_back(std::move(table));
  }
  return tables;
}

/// Both databases, open, up to date and locked.
struct Pair {
  std::unique_ptr<Database> from_database;
  std::unique_ptr<Database> to_database;
  std::unique_ptr<Connection> from;
  std::unique_ptr<Connection> to;
};

Result<std::unique_ptr<Connection>> open(const DatabaseOptions& options, std::unique_ptr<Database>& database,
                                         std::span<const Migration> migrations, Timestamp now) {
  auto made = make_database(options);
  if (!made) return fail(std::move(made.error()));
  database = std::move(*made);
  auto connection = database->open_writer();
  if (!connection) return connection;
  if (auto migrated = migrate(**connection, options.module, migrations, now); !migrated) return fail(std::move(migrated.error()));
  return connection;
}

Result<CopiedTable> copy_table(Pair& pair, const Table& table, const TableStatements& statements) {
  const CopiedTable given = scan(*pair.from, table, statements,
                                 [&](const Row& row) { pair.to->query_with(Sql::of_names(statements.insert), row).run(); });
  const CopiedTable got = scan(*pair.to, table, statements, [](const Row&) {});
  if (given.rows == got.rows && given.digest == got.digest) return got;
  return fail(copy_differs, "The table " + table.name + " has " + std::to_string(given.rows) + " rows, and its copy " +
                                std::to_string(got.rows) + ", or not the same ones. Nothing was kept; the source is as it was.");
}

Result<std::vector<CopiedTable>> copy_tables(Pair& pair, const std::function<void(const CopiedTable&)>& progress) {
  const std::vector<Table> tables = tables_of(*pair.from);
  std::deque<TableStatements> statements;
  std::vector<CopiedTable> copied;
  pair.from->begin(Answers::later);
  pair.to->begin(Answers::later);
  for (const Table& table : tables) {
    statements.emplace_back(table);
    if (scan(*pair.to, table, statements.back(), [](const Row&) {}).rows > 0) {
      return fail(not_empty, "The target holds rows already, in the table " + table.name + ". A copy is made into an empty one.");
    }
    auto done = copy_table(pair, table, statements.back());
    if (!done) return fail(std::move(done.error()));
    copied.push_back(*done);
    progress(copied.back());
  }
  pair.to->commit();
  pair.from->roll_back();
  return copied;
}

}  // namespace

Result<std::vector<CopiedTable>> copy_store(const DatabaseOptions& from, const DatabaseOptions& to,
                                            std::span<const Migration> migrations, Timestamp now,
                                            const std::function<void(const CopiedTable&)>& progress) {
  auto lock = FolderLock::take(from.directory, from.module);
  if (!lock) return fail(std::move(lock.error()));
  Pair pair;
  auto source = open(from, pair.from_database, migrations, now);
  if (!source) return fail(std::move(source.error()));
  auto target = open(to, pair.to_database, migrations, now);
  if (!target) return fail(std::move(target.error()));
  pair.from = std::move(*source);
  pair.to = std::move(*target);
  return copy_tables(pair, progress);
}

}  // namespace seamline::store
