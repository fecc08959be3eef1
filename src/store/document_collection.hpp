#pragma once

#include <functional>
#include <span>
#include <string>

#include "store/document.hpp"

namespace seamline::store {

/// One document that is written whole: it takes the place of revision `expected`, or is new where that is 0. Where another
/// revision is found, nothing is written.
struct DocumentWrite {
  std::string id;
  std::int64_t expected = 0;
  /// With its `_id` and its new `revision`.
  Document content;
};

/// What came of a bulk of writes: which of them were kept.
struct BulkOutcome {
  enum class Kind : std::uint8_t {
    written,   // all of it, durably
    conflict,  // those before one that found another revision, or broke a unique index
    refused,   // those before one that the server refuses for another reason
    not_sent,  // nothing: the server is out of reach, and nothing went out
    unknown,   // any number of them, from the first on; the rest may still follow, as long as the old connection lives
  };
  Kind kind = Kind::written;
  std::string problem;
};

/// The documents of one module on a server, over one connection. Not thread-safe: the writer has one, each reader has one.
class DocumentCollection {
 public:
  virtual ~DocumentCollection() = default;

  struct Query {
    /// In MongoDB's query language.
    Document filter;
    /// Members and 1 or -1; empty for any order.
    Document sort;
    /// Which members to give; empty for all.
    Document projection;
    /// 0 for all.
    std::int64_t limit = 0;
  };
  /// Calls `take` with each document that matches, until it returns false. Throws StorageError, passing where the server is out
  /// of reach.
  virtual void find(const Query& query, const std::function<bool(const Document&)>& take) = 0;
  /// How many documents have each value of a text member, which may be a path. Throws as find() does.
  virtual std::vector<std::pair<std::string, std::int64_t>> count_by(const std::string& member) = 0;
  /// Writes in order, and stops at the first that cannot be. What is reported as written is durable.
  virtual BulkOutcome write(std::span<const DocumentWrite> writes) = 0;
  /// Makes an index where it is missing. Throws as find() does.
  virtual void ensure_index(const std::string& name, const Document& members, bool is_unique) = 0;
};

/// The document with that id; empty where there is none.
std::optional<Document> find_document(DocumentCollection& collection, const std::string& id);

}  // namespace seamline::store
