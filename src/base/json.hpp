#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/result.hpp"

/// JSON (RFC 8259), read strictly and written in one pass. The parser behind it is RapidJSON; its header stays in json.cpp,
/// because it is too heavy for a header that everyone includes.
namespace seamline::json {

enum class Type : std::uint8_t { null, boolean, integer, number, string, array, object };

/// A parsed value. An object's members are its items, in the order of the text, each with its name.
struct Value {
  Type type = Type::null;
  bool boolean = false;
  /// The value of an integer: a token without fraction or exponent that fits in 64 bits, and is not -0.
  std::int64_t integer = 0;
  /// The text of a string; the token of a number that is no such integer (1.0, 1e3, -0, 23 digits).
  std::string text;
  std::vector<Value> items;
  /// The member's name, where this value is a member of an object.
  std::string name;
  /// A byte of the parsed text at which the value stands (a member: its name's last one), for messages about configuration files.
  std::size_t offset = 0;

  /// The member with this name; null where there is none or this is no object.
  const Value* find(std::string_view member_name) const;
  bool is(Type wanted) const { return type == wanted; }
};

struct ParseLimits {
  std::size_t max_bytes = std::size_t{1} << 20U;
  std::size_t max_depth = 32;
  /// Members of one object: a duplicate name is found by comparing each with each.
  std::size_t max_members = 256;
  /// Values in the whole text: each takes far more memory than the two bytes of its shortest text.
  std::size_t max_values = 100'000;
  /// JSON with // and /* */ comments, for configuration files.
  bool comments = false;
};

/// Parses one JSON text. Refuses duplicate member names, invalid UTF-8, NUL (also as \u0000: texts become SQL values), anything
/// after the value, and what exceeds the limits. Errors: request.malformed_json, with line and column; request.too_large.
Result<Value> parse(std::string_view text, const ParseLimits& limits = {});

/// Appends `text` as a JSON string, with quotes and escapes (RFC 8259, section 7). `text` is valid UTF-8.
void append_string(std::string& out, std::string_view text);

/// Appends a parsed value as compact JSON.
void append_value(std::string& out, const Value& value);

/// Writes compact JSON to the end of a string in one pass. The caller opens and closes in order; the writer places commas.
class Writer {
 public:
  /// `out` exists and outlives the writer.
  explicit Writer(std::string& out) : out_(out) {}

  void begin_object() { open('{'); }
  void end_object() { close('}'); }
  void begin_array() { open('['); }
  void end_array() { close(']'); }

  /// Starts a member. `name` needs no escaping: member names come from declarations.
  void key(std::string_view name);
  /// Starts a member whose name comes from data.
  void escaped_key(std::string_view name);

  void string(std::string_view text);
  void integer(std::int64_t number);
  void boolean(bool truth);
  void null();
  /// Appends JSON that is already written.
  void raw(std::string_view json_text);

  template <class T>
  void member(std::string_view name, const T& value) {
    key(name);
    if constexpr (std::is_same_v<T, bool>) {
      boolean(value);
    } else if constexpr (std::is_integral_v<T>) {
      integer(static_cast<std::int64_t>(value));
    } else {
      string(value);
    }
  }

 private:
  void open(char bracket);
  void close(char bracket);
  void separate();

  std::string& out_;
  bool needs_comma_ = false;
};

}  // namespace seamline::json
