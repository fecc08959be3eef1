#include "store/mongodb.hpp"

#include <mongoc/mongoc.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "store/bson.hpp"
#include "store/connection.hpp"

namespace seamline::store {
namespace {

constexpr ErrorCode unusable{"store.unusable", Kind::unavailable};

constexpr std::int32_t pool_error_api = 2;
constexpr std::int32_t duplicate_key = 11000;

struct DestroyCursor {
  void operator()(mongoc_cursor_t* cursor) const { mongoc_cursor_destroy(cursor); }
};
struct DestroyBulk {
  void operator()(mongoc_bulk_operation_t* bulk) const { mongoc_bulk_operation_destroy(bulk); }
};

std::string text_of(const bson_error_t& error) { return static_cast<const char*>(error.message); }

bool is_out_of_reach(const bson_error_t& error) {
  return error.domain == MONGOC_ERROR_SERVER_SELECTION || error.domain == MONGOC_ERROR_STREAM;
}

[[noreturn]] void throw_error(const bson_error_t& error) {
  throw StorageError("MongoDB: " + text_of(error),
                     is_out_of_reach(error) ? StorageError::Severity::passing : StorageError::Severity::refused);
}

/// What a bulk's reply says of why it ended.
BulkOutcome outcome_of(const bson_t& reply, const bson_error_t& error) {
  const Document answer = read_bson(reply);
  const std::string problem = "MongoDB: " + text_of(error);
  if (!answer.list("writeErrors").empty()) {
    const bool is_conflict = answer.list("writeErrors").front().integer("code") == duplicate_key;
    return {is_conflict ? BulkOutcome::Kind::conflict : BulkOutcome::Kind::refused, problem};
  }
  return {error.domain == MONGOC_ERROR_SERVER_SELECTION ? BulkOutcome::Kind::not_sent : BulkOutcome::Kind::unknown, problem};
}

class MongoCollection final : public DocumentCollection {
 public:
  MongoCollection(mongoc_client_pool_t* pool, const char* database, const char* name)
      : pool_(pool), client_(mongoc_client_pool_pop(pool)), collection_(mongoc_client_get_collection(client_, database, name)) {
    mongoc_read_concern_t* majority = mongoc_read_concern_new();
    mongoc_read_concern_set_level(majority, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_collection_set_read_concern(collection_, majority);
    mongoc_read_concern_destroy(majority);
    mongoc_write_concern_t* durable = mongoc_write_concern_new();
    mongoc_write_concern_set_wmajority(durable, -1);
    mongoc_write_concern_set_journal(durable, true);
    mongoc_collection_set_write_concern(collection_, durable);
    mongoc_write_concern_destroy(durable);
  }
  ~MongoCollection() override {
    mongoc_collection_destroy(collection_);
    mongoc_client_pool_push(pool_, client_);
  }
  MongoCollection(const MongoCollection&) = delete;
  MongoCollection& operator=(const MongoCollection&) = delete;

  void find(const Query& query, const std::function<bool(const Document&)>& take) override {
    Document options;
    if (!query.sort.is_empty()) options.add("sort", query.sort);
    if (!query.projection.is_empty()) options.add("projection", query.projection);
    if (query.limit > 0) options.add("limit", query.limit);
    run(mongoc_collection_find_with_opts(collection_, Bson(query.filter).get(), Bson(options).get(), nullptr), take);
  }

  std::vector<std::pair<std::string, std::int64_t>> count_by(const std::string& member) override {
    const Document has_member = Document().add(member, Document().add("$exists", true));
    Document group;
    group.add("_id", "$" + member).add("number", Document().add("$sum", 1));
    Document pipeline;
    pipeline.add("pipeline", Document::List{Document().add("$match", has_member), Document().add("$group", group)});
    std::vector<std::pair<std::string, std::int64_t>> counts;
    run(mongoc_collection_aggregate(collection_, MONGOC_QUERY_NONE, Bson(pipeline).get(), nullptr, nullptr),
        [&](const Document& counted) {
          counts.emplace_back(counted.text("_id"), counted.integer("number"));
          return true;
        });
    return counts;
  }

  BulkOutcome write(std::span<const DocumentWrite> writes) override {
    const std::unique_ptr<mongoc_bulk_operation_t, DestroyBulk> bulk(
        mongoc_collection_create_bulk_operation_with_opts(collection_, nullptr));
    const Bson upsert(Document().add("upsert", true));
    bson_error_t error{};
    for (const DocumentWrite& write : writes) {
      // Where another revision is found, the upsert meets its id: a duplicate key, which ends an ordered bulk.
      const Bson selector(Document().add("_id", write.id).add("revision", write.expected));
      if (!mongoc_bulk_operation_replace_one_with_opts(bulk.get(), selector.get(), Bson(write.content).get(), upsert.get(),
                                                       &error)) {
        return {BulkOutcome::Kind::refused, text_of(error)};
      }
    }
    Bson reply;
    if (mongoc_bulk_operation_execute(bulk.get(), reply.out(), &error) != 0) return {BulkOutcome::Kind::written, ""};
    return outcome_of(*reply.get(), error);
  }

  void ensure_index(const std::string& name, const Document& members, bool is_unique) override {
    Document index;
    index.add("name", name).add("key", members);
    // Whoever has no such member takes part in no uniqueness.
    if (is_unique) index.add("unique", true).add("sparse", true);
    Document make;
    make.add("createIndexes", mongoc_collection_get_name(collection_)).add("indexes", Document::List{std::move(index)});
    const Bson command(make);
    bson_error_t error{};
    if (!mongoc_collection_write_command_with_opts(collection_, command.get(), nullptr, nullptr, &error)) throw_error(error);
  }

 private:
  static void run(mongoc_cursor_t* running, const std::function<bool(const Document&)>& take) {
    const std::unique_ptr<mongoc_cursor_t, DestroyCursor> cursor(running);
    const bson_t* found = nullptr;
    while (mongoc_cursor_next(cursor.get(), &found)) {
      if (!take(read_bson(*found))) return;
    }
    bson_error_t error{};
    if (mongoc_cursor_error(cursor.get(), &error)) throw_error(error);
  }

  mongoc_client_pool_t* pool_;
  mongoc_client_t* client_;
  mongoc_collection_t* collection_;
};

/// The library is set up once, and left as it is when the process ends.
void set_up_library() {
  static const bool is_set_up = [] {
    mongoc_init();
    // All that it would say on stderr is in the errors that it gives.
    mongoc_log_set_handler(nullptr, nullptr);
    return true;
  }();
  static_cast<void>(is_set_up);
}

void set_default(mongoc_uri_t* uri, const char* option, std::int64_t value) {
  if (!mongoc_uri_has_option(uri, option)) mongoc_uri_set_option_as_int32(uri, option, static_cast<std::int32_t>(value));
}

}  // namespace

struct MongoServer::Pool {
  explicit Pool(mongoc_uri_t* taken) : uri(taken), pool(mongoc_client_pool_new(taken)) {
    if (pool != nullptr) mongoc_client_pool_set_error_api(pool, pool_error_api);
  }
  ~Pool() {
    if (pool != nullptr) mongoc_client_pool_destroy(pool);
    mongoc_uri_destroy(uri);
  }
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  mongoc_uri_t* uri;
  mongoc_client_pool_t* pool;
};

MongoServer::MongoServer(const Options& options) : collection_(options.collection) {
  set_up_library();
  mongoc_uri_t* uri = mongoc_uri_new(options.url.c_str());
  if (uri == nullptr) throw StorageError("its url is none of MongoDB: mongodb://host:port/database is the form");
  const char* password = std::getenv("SEAMLINE_MONGODB_PASSWORD");
  if (password != nullptr) mongoc_uri_set_password(uri, password);
  set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, options.selection_timeout_ms);
  set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, options.connect_timeout_ms);
  set_default(uri, MONGOC_URI_SOCKETTIMEOUTMS, options.socket_timeout_ms);
  // What became of a write is found out by its revision; a write that the library repeats would be one of which nobody knows.
  mongoc_uri_set_option_as_bool(uri, MONGOC_URI_RETRYWRITES, false);
  if (mongoc_uri_get_database(uri) == nullptr) mongoc_uri_set_database(uri, "seamline");
  if (mongoc_uri_get_appname(uri) == nullptr) mongoc_uri_set_appname(uri, "seamline");
  for (const mongoc_host_list_t* host = mongoc_uri_get_hosts(uri); host != nullptr; host = host->next) {
    place_ += (place_.empty() ? "mongodb://" : ",") + std::string(static_cast<const char*>(host->host_and_port));
  }
  place_ += std::string("/") + mongoc_uri_get_database(uri) + "." + collection_;
  pool_ = std::make_unique<Pool>(uri);
  if (pool_->pool == nullptr) throw StorageError("its url has options that the library does not support");
}

MongoServer::~MongoServer() = default;

MongoServer::Options mongodb_options(const DatabaseOptions& options) {
  MongoServer::Options server;
  server.url = options.storage.url;
  server.collection = options.module;
  server.connect_timeout_ms = options.server.connect_timeout_ms;
  server.selection_timeout_ms = options.server.reconnect_ms;
  server.socket_timeout_ms = options.server.statement_timeout_ms;
  return server;
}

std::string mongodb_holder(const DatabaseOptions& options) {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return std::string(host.data()) + ":" + std::filesystem::absolute(options.directory).string();
}

Result<std::unique_ptr<Keeper>> make_mongodb_keeper(const DatabaseOptions& options, const Clock& clock) {
  if (auto checked = check_storage(options.storage); !checked) return fail(std::move(checked.error()));
  DocumentOptions documents;
  documents.transaction.resolve_timeout_ms = options.server.resolve_timeout_ms;
  try {
    auto server = std::make_unique<MongoServer>(mongodb_options(options));
    return make_document_keeper(options.module, mongodb_holder(options), std::move(server), documents, clock);
  } catch (const StorageError& problem) {
    return fail(unusable, "The store of module " + options.module + " cannot be used: " + problem.what() + ".");
  }
}

Document MongoServer::ask(const Document& command) {
  mongoc_client_t* client = mongoc_client_pool_pop(pool_->pool);
  Bson reply;
  bson_error_t error{};
  const bool is_answered = mongoc_client_command_simple(client, "admin", Bson(command).get(), nullptr, reply.out(), &error);
  mongoc_client_pool_push(pool_->pool, client);
  if (!is_answered) throw_error(error);
  return read_bson(*reply.get());
}

std::unique_ptr<DocumentCollection> MongoServer::connect() {
  return std::make_unique<MongoCollection>(pool_->pool, mongoc_uri_get_database(pool_->uri), collection_.c_str());
}

}  // namespace seamline::store
