#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"

namespace seamline::store {

/// A document as a document store keeps it: members by name, in the order in which they were added. A value type; not
/// thread-safe while it is changed. Nothing of a caller becomes a member's name, so that no text can become an operator.
class Document {
 public:
  /// Bytes that are no text.
  struct Bytes {
    std::string data;
    bool operator==(const Bytes&) const = default;
  };
  using List = std::vector<Document>;
  using Numbers = std::vector<std::int64_t>;
  /// A document inside another one is shared, since nobody changes it there.
  using Value = std::variant<std::int64_t, bool, std::string, Bytes, std::shared_ptr<const Document>, List, Numbers>;
  using Member = std::pair<std::string, Value>;

  Document& add(std::string_view name, std::int64_t value) { return put(name, value); }
  Document& add(std::string_view name, int value) { return put(name, std::int64_t{value}); }
  Document& add(std::string_view name, bool value) { return put(name, value); }
  Document& add(std::string_view name, std::string_view value) { return put(name, std::string(value)); }
  Document& add(std::string_view name, const std::string& value) { return put(name, value); }
  Document& add(std::string_view name, const char* value) { return put(name, std::string(value)); }
  Document& add(std::string_view name, Timestamp value) { return put(name, value.ms); }
  Document& add(std::string_view name, const Sha256& value) { return put(name, Bytes{std::string(as_bytes(value))}); }
  Document& add(std::string_view name, Document value) { return put(name, std::make_shared<const Document>(std::move(value))); }
  Document& add(std::string_view name, List value) { return put(name, std::move(value)); }
  Document& add(std::string_view name, Numbers value) { return put(name, std::move(value)); }
  Document& put(std::string_view name, Value value);
  template <Literal Name>
  Document& add(std::string_view name, const Id<Name>& value) {
    return put(name, value.text);
  }
  /// Adds nothing where there is none.
  template <class T>
  Document& add(std::string_view name, const std::optional<T>& value) {
    return value ? add(name, *value) : *this;
  }

  const std::vector<Member>& members() const { return members_; }
  /// About how long it is on the wire.
  std::size_t bytes() const;
  bool is_empty() const { return members_.empty(); }
  bool has(std::string_view name) const { return find(name) != nullptr; }

  /// A member that is missing, or of another type, throws StorageError: nothing is converted.
  std::int64_t integer(std::string_view name) const;
  const std::string& text(std::string_view name) const;
  Timestamp timestamp(std::string_view name) const { return {integer(name)}; }
  std::optional<bool> optional_boolean(std::string_view name) const;
  Sha256 digest(std::string_view name) const;
  const Document& document(std::string_view name) const;
  /// Empty where it is missing.
  const List& list(std::string_view name) const;
  std::optional<std::string> optional_text(std::string_view name) const {
    return has(name) ? std::optional(text(name)) : std::nullopt;
  }
  std::optional<std::int64_t> optional_integer(std::string_view name) const {
    return has(name) ? std::optional(integer(name)) : std::nullopt;
  }

 private:
  const Value* find(std::string_view name) const;
  template <class T>
  const T& get(std::string_view name) const;

  std::vector<Member> members_;
};

}  // namespace seamline::store
