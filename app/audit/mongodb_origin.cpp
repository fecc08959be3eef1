#include <mongoc/mongoc.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <set>

#include "audit/document_rows.hpp"

namespace seamline::audit {
namespace {

constexpr const char* subject_prefix = "subject/";
/// Readings until the log has no gap. Each takes as long as a query, so that a few are enough.
constexpr int most_readings = 1'000;
/// A gap in a log that is larger than this is no moment of a race.
constexpr std::int64_t longest_gap = 1'000;

struct Destroy {
  void operator()(mongoc_uri_t* value) const { mongoc_uri_destroy(value); }
  void operator()(mongoc_client_t* value) const { mongoc_client_destroy(value); }
  void operator()(mongoc_collection_t* value) const { mongoc_collection_destroy(value); }
  void operator()(mongoc_cursor_t* value) const { mongoc_cursor_destroy(value); }
};
using Uri = std::unique_ptr<mongoc_uri_t, Destroy>;
using Client = std::unique_ptr<mongoc_client_t, Destroy>;
using Collection = std::unique_ptr<mongoc_collection_t, Destroy>;
using Found = std::unique_ptr<mongoc_cursor_t, Destroy>;

/// What a member must be to be found, in MongoDB's query language.
class Filter {
 public:
  Filter(const char* member, const char* comparison, const char* value) {
    BCON_APPEND(&document_, member, "{", comparison, BCON_UTF8(value), "}");
  }
  Filter(const char* member, const char* comparison, std::int64_t value) {
    BCON_APPEND(&document_, member, "{", comparison, BCON_INT64(value), "}");
  }
  ~Filter() { bson_destroy(&document_); }
  Filter(const Filter&) = delete;
  Filter& operator=(const Filter&) = delete;

  const bson_t& get() const { return document_; }

 private:
  bson_t document_ = BSON_INITIALIZER;
};

Uri uri_of(const Source& source) {
  mongoc_init();
  // All that it would say on stderr is in the errors that it gives.
  mongoc_log_set_handler(nullptr, nullptr);
  Uri uri(mongoc_uri_new(source.url.c_str()));
  if (!uri) throw ReadError("The url of the store of " + source.module + " is none of MongoDB.");
  const char* password = std::getenv("SEAMLINE_MONGODB_PASSWORD");
  if (password != nullptr) mongoc_uri_set_password(uri.get(), password);
  if (mongoc_uri_get_database(uri.get()) == nullptr) mongoc_uri_set_database(uri.get(), "seamline");
  return uri;
}

/// The documents of an order store. A moment is made of several queries, as README.md beside this file tells.
class MongodbOrigin final : public Origin {
 public:
  explicit MongodbOrigin(const Source& source) : module_(source.module), uri_(uri_of(source)) {
    client_.reset(mongoc_client_new_from_uri(uri_.get()));
    if (!client_) throw ReadError("The url of the store of " + module_ + " has options that the library does not support.");
    collection_.reset(mongoc_client_get_collection(client_.get(), mongoc_uri_get_database(uri_.get()), module_.c_str()));
    mongoc_read_concern_t* majority = mongoc_read_concern_new();
    mongoc_read_concern_set_level(majority, MONGOC_READ_CONCERN_LEVEL_MAJORITY);
    mongoc_collection_set_read_concern(collection_.get(), majority);
    mongoc_read_concern_destroy(majority);
  }

  void begin(Database& copy) override {
    copy.run("BEGIN");
    const bool is_first = !rows_;
    if (is_first) {
      rows_ = std::make_unique<DocumentRows>(copy);
      copy.run("CREATE TABLE documents (id PRIMARY KEY, revision) WITHOUT ROWID");
    }
    rows_->remove_kernel();
    read(copy, {"_id", "$lt", subject_prefix},
         [&](std::string_view id, const BsonView& document) { rows_->add_kernel(id, document); });
    if (is_first) {
      read_subjects(copy, {"_id", "$gte", subject_prefix});
    } else {
      read_subjects(copy, {"last_seq", "$gt", head_of(copy)});
    }
    close_gaps(copy);
    copy.run("COMMIT");
  }

  void complete(Database&) override {}

  std::string unsoundness() const override {
    std::string text;
    for (const auto& [id, problem] : malformed_) {
      text += (text.empty() ? "the document " : "; the document ") + id + ": " + problem;
    }
    return text;
  }

 private:
  void read_subjects(Database& copy, const Filter& wanted) {
    read(copy, wanted, [&](std::string_view id, const BsonView& document) { take(copy, id, document); });
  }

  void close_gaps(Database& copy) {
    for (int reading = 0; reading < most_readings; ++reading) {
      const std::set<std::int64_t> gone = missing(copy);
      if (gone.empty()) return;
      read_subjects(copy, {"last_seq", "$gte", *gone.begin()});
      // What is missing still was not written before this reading, though later entries were: nobody will write it any more.
      for (const std::int64_t seq : missing(copy)) {
        if (gone.contains(seq)) lost_.insert(seq);
      }
    }
    throw ReadError("The orders' documents change faster than they can be read. Audit them again.");
  }

  /// Gives each document that matches to `take`. What is malformed leaves no row.
  template <class Take>
  void read(Database& copy, const Filter& wanted, const Take& take) {
    mongoc_read_prefs_t* from_primary = mongoc_read_prefs_new(MONGOC_READ_PRIMARY);
    const Found found(mongoc_collection_find_with_opts(collection_.get(), &wanted.get(), nullptr, from_primary));
    mongoc_read_prefs_destroy(from_primary);
    const bson_t* document = nullptr;
    while (mongoc_cursor_next(found.get(), &document)) read_one(copy, BsonView(*document), take);
    bson_error_t error{};
    if (mongoc_cursor_error(found.get(), &error)) {
      throw ReadError("The store of " + module_ + " cannot be read: MongoDB: " + static_cast<const char*>(error.message) + ".");
    }
  }

  template <class Take>
  void read_one(Database& copy, const BsonView& document, const Take& take) {
    std::string id = "without a text as its _id";
    copy.run("SAVEPOINT document");
    try {
      id = document.text("_id");
      take(id, document);
      malformed_.erase(id);
    } catch (const Malformed& problem) {
      copy.run("ROLLBACK TO document");
      malformed_[id] = problem.what();
    }
    copy.run("RELEASE document");
  }

  /// A document that is about an order; an older revision than the one that is held counts for nothing.
  void take(Database& copy, std::string_view id, const BsonView& document) {
    if (!id.starts_with(subject_prefix)) throw Malformed("it is none of ours");
    const std::int64_t revision = document.integer("revision");
    Cursor held(copy, "SELECT revision FROM documents WHERE id = ?1");
    held.restart(id);
    if (held.next()) {
      if (held.integer(0) >= revision) return;
      rows_->remove(id);
    }
    Cursor keep(copy, "INSERT OR REPLACE INTO documents VALUES (?1, " + std::to_string(revision) + ")");
    keep.restart(id);
    keep.next();
    rows_->add_subject(id, id.substr(std::strlen(subject_prefix)), document);
  }

  static std::int64_t head_of(Database& copy) {
    Cursor row(copy, "SELECT coalesce(max(seq), 0) FROM event_log");
    return row.next() ? row.integer(0) : 0;
  }

  /// The numbers below the log's last one that no entry has; without those that are known to be lost.
  std::set<std::int64_t> missing(Database& copy) const {
    std::set<std::int64_t> numbers;
    Cursor count(copy, "SELECT count(*) = coalesce(max(seq), 0) FROM event_log");
    if (lost_.empty() && count.next() && count.integer(0) == 1) return numbers;
    std::int64_t before = 0;
    for (Cursor row(copy, "SELECT seq FROM event_log ORDER BY seq"); row.next();) {
      const std::int64_t seq = row.integer(0);
      for (std::int64_t gone = before + 1; gone < seq && gone - before < longest_gap; ++gone) {
        if (!lost_.contains(gone)) numbers.insert(gone);
      }
      before = seq;
    }
    return numbers;
  }

  const std::string module_;
  Uri uri_;
  Client client_;
  Collection collection_;
  std::unique_ptr<DocumentRows> rows_;
  std::map<std::string, std::string> malformed_;
  std::set<std::int64_t> lost_;
};

}  // namespace

std::unique_ptr<Origin> open_mongodb(const Source& source) { return std::make_unique<MongodbOrigin>(source); }

}  // namespace seamline::audit
