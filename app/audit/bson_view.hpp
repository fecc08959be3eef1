#pragma once

#include <bson/bson.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace seamline::audit {

/// A document is not of the form that README.md beside this file describes; what() says which member.
class Malformed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A document as it came from MongoDB, which outlives the view. A member that is not there, or of another type, throws Malformed;
/// an optional one may be missing or null.
class BsonView {
 public:
  explicit BsonView(const bson_t& document) : data_(bson_get_data(&document)), bytes_(document.len) {}
  BsonView(const std::uint8_t* data, std::uint32_t bytes) : data_(data), bytes_(bytes) {}

  std::int64_t integer(const char* name) const;
  std::string_view text(const char* name) const;
  std::string_view bytes(const char* name) const;
  std::optional<std::int64_t> optional_integer(const char* name) const;
  std::optional<std::string_view> optional_text(const char* name) const;
  BsonView document(const char* name) const;
  /// Whether there is a member of that name which is not null, and no empty document.
  bool has(const char* name) const;
  /// Calls `take` with each document of a list; not at all where there is no list.
  void for_each(const char* list, const std::function<void(const BsonView& element)>& take) const;

 private:
  bool find(const char* name, bson_t& document, bson_iter_t& at) const;
  /// The member, which has one of these types.
  void get(const char* name, std::initializer_list<bson_type_t> types, bson_t& document, bson_iter_t& at) const;

  const std::uint8_t* data_;
  std::uint32_t bytes_;
};

}  // namespace seamline::audit
