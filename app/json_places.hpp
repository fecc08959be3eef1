#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace seamline::app {

/// A part of a text: the bytes from `begin` up to, not including, `end`.
struct Place {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct MemberPlace {
  std::string name;
  /// With its quotes.
  Place key;
  Place value;
};

/// Where an object stands in a text: its brackets, and its members in their order.
struct ObjectPlace {
  std::size_t open = 0;
  std::size_t close = 0;
  std::vector<MemberPlace> members;

  const MemberPlace* find(std::string_view name) const;
};

/// Finds where things stand in a text of JSON with comments that a parser has accepted already: on any other text what it finds
/// means nothing. `text` outlives it.
class JsonPlaces {
 public:
  explicit JsonPlaces(std::string_view text) : text_(text) {}

  /// The first byte of the outermost value: behind a byte order mark, blanks and comments.
  std::size_t root() const;
  /// The object whose bracket opens at `open`.
  ObjectPlace object_at(std::size_t open) const;
  /// The first byte from `at` on that is neither blank nor comment.
  std::size_t skip_blanks_and_comments(std::size_t at) const;
  /// Behind the comment at `at`; `at` itself where none begins there.
  std::size_t skip_comment(std::size_t at) const;

 private:
  char byte(std::size_t at) const { return at < text_.size() ? text_[at] : '\0'; }
  std::size_t end_of_string(std::size_t at) const;
  std::size_t end_of_value(std::size_t at) const;

  std::string_view text_;
};

}  // namespace seamline::app
