#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace seamline::events {

/// Walks over JSON text (RFC 8259) without building values: a batch of events is read at the speed of its bytes, and a payload
/// is taken as it stands. The text is well-formed UTF-8 without NUL, and outlives the scanner and all views that it gives.
class JsonScanner {
 public:
  /// Values nest at most `max_depth` deep, which is at most 63.
  JsonScanner(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

  /// Where it stands, in bytes.
  std::size_t offset() const { return at_; }
  /// Skips white space, then takes this character if it is next.
  bool take(char wanted);
  /// Takes a string into `out`, with its escapes undone. False for anything else, and for an escaped NUL.
  bool take_string(std::string& out);
  /// Takes any value, and gives its text. Brackets match and strings end; the rest of the grammar inside objects and arrays is
  /// left to whoever parses the value.
  bool take_value(std::string_view& value);
  bool is_at_end();

 private:
  void skip_space();
  /// Moves behind the string that starts here; `has_escapes` says whether it has any.
  bool skip_string(bool& has_escapes);
  bool skip_brackets();
  bool skip_scalar();

  const std::string_view text_;
  const std::size_t max_depth_;
  std::size_t at_ = 0;
};

}  // namespace seamline::events
