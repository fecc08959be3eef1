#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/document.hpp"

namespace seamline::store {

/// What a module keeps of its aggregates in a store of documents: one body for each, beside what the kernel keeps there. One
/// write of the whole document is the transaction, so a command writes about one aggregate only.
class Documents {
 public:
  virtual ~Documents() = default;

  struct Filter {
    /// Text members of the body, each with the value that it must have.
    std::vector<std::pair<std::string, std::string>> equal;
    /// Ids below this one; empty for all.
    std::string before;
    /// Ids above this one; empty for all.
    std::string after;
    bool is_ascending = false;
    std::int64_t limit = 0;
  };

  /// The body of one aggregate; empty where it has none.
  virtual std::optional<Document> find_body(const std::string& id) = 0;
  /// Bodies in the order of their ids, each with its id. Sees what is committed, in a transaction too.
  virtual std::vector<std::pair<std::string, Document>> list(const Filter& filter) = 0;
  /// How many bodies have each value of a text member. Sees what is committed, in a transaction too.
  virtual std::vector<std::pair<std::string, std::int64_t>> count_by(const std::string& member) = 0;
  /// Makes an index over members of the body where it is missing: texts of which a filter asks for equality.
  virtual void ensure_index(const std::string& member) = 0;
  /// Writes the body of one aggregate in the open transaction. Throws StorageError where the command has written about another
  /// aggregate before, and on a view that only reads.
  virtual void put_body(const std::string& id, Document body) = 0;
};

}  // namespace seamline::store
