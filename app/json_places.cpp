#include "json_places.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace seamline::app {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

std::size_t or_end(std::size_t found, std::string_view text) { return std::min(found, text.size()); }

}  // namespace

const MemberPlace* ObjectPlace::find(std::string_view name) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const MemberPlace& member) { return member.name == name; });
  return found == members.end() ? nullptr : &*found;
}

std::size_t JsonPlaces::root() const {
  return skip_blanks_and_comments(text_.starts_with(byte_order_mark) ? byte_order_mark.size() : 0);
}

std::size_t JsonPlaces::skip_comment(std::size_t at) const {
  if (byte(at) != '/') return at;
  // The line break that ends a comment is no part of it.
  if (byte(at + 1) == '/') return or_end(text_.find_first_of("\r\n", at), text_);
  return or_end(or_end(text_.find("*/", at + 2), text_) + 2, text_);
}

std::size_t JsonPlaces::skip_blanks_and_comments(std::size_t at) const {
  for (;;) {
    const std::size_t next = or_end(text_.find_first_not_of(blanks, at), text_);
    at = skip_comment(next);
    if (at == next) return at;
  }
}

std::size_t JsonPlaces::end_of_string(std::size_t at) const {
  for (++at; at < text_.size() && text_[at] != '"'; ++at) {
    if (text_[at] == '\\') ++at;
  }
  return or_end(at + 1, text_);
}

std::size_t JsonPlaces::end_of_value(std::size_t at) const {
  std::size_t depth = 0;
  while (at < text_.size()) {
    const char first = text_[at];
    if (first == '"') {
      at = end_of_string(at);
    } else if (first == '{' || first == '[') {
      ++depth;
      ++at;
    } else if (first == '}' || first == ']') {
      --depth;
      ++at;
    } else if (first == ',' || first == ':') {
      ++at;
    } else {
      at = or_end(text_.find_first_of(" \t\r\n,:]}/", at), text_);
    }
    if (depth == 0) return at;
    at = skip_blanks_and_comments(at);
  }
  return at;
}

ObjectPlace JsonPlaces::object_at(std::size_t open) const {
  ObjectPlace object{open, 0, {}};
  std::size_t at = skip_blanks_and_comments(open + 1);
  while (byte(at) == '"') {
    MemberPlace member;
    member.key = {at, end_of_string(at)};
    const auto name = json::parse(text_.substr(member.key.begin, member.key.end - member.key.begin));
    if (name) member.name = name->text;
    member.value.begin = skip_blanks_and_comments(skip_blanks_and_comments(member.key.end) + 1);
    member.value.end = end_of_value(member.value.begin);
    at = skip_blanks_and_comments(member.value.end);
    object.members.push_back(std::move(member));
    if (byte(at) == ',') at = skip_blanks_and_comments(at + 1);
  }
  object.close = at;
  return object;
}

}  // namespace seamline::app
