#include "events/json_scanner.hpp"

#include "base/json.hpp"

namespace seamline::events {

void JsonScanner::skip_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) ++at_;
}

bool JsonScanner::take(char wanted) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

bool JsonScanner::is_at_end() {
  skip_space();
  return at_ == text_.size();
}

bool JsonScanner::skip_string(bool& has_escapes) {
  for (std::size_t i = at_ + 1; i < text_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text_[i]);
    if (byte == '"') {
      at_ = i + 1;
      return true;
    }
    if (byte < 0x20) return false;
    if (byte == '\\') {
      has_escapes = true;
      ++i;
    }
  }
  return false;
}

bool JsonScanner::take_string(std::string& out) {
  skip_space();
  if (at_ >= text_.size() || text_[at_] != '"') return false;
  const std::size_t start = at_;
  bool has_escapes = false;
  if (!skip_string(has_escapes)) return false;
  if (!has_escapes) {
    out = text_.substr(start + 1, at_ - start - 2);
    return true;
  }
  auto parsed = json::parse(text_.substr(start, at_ - start));
  if (!parsed || !parsed->is(json::Type::string)) return false;
  out = std::move(parsed->text);
  return true;
}

bool JsonScanner::take_value(std::string_view& value) {
  skip_space();
  if (at_ >= text_.size()) return false;
  const std::size_t start = at_;
  bool has_escapes = false;
  const char first = text_[at_];
  const bool is_whole = first == '"' ? skip_string(has_escapes) : first == '{' || first == '[' ? skip_brackets() : skip_scalar();
  value = text_.substr(start, at_ - start);
  return is_whole;
}

bool JsonScanner::skip_brackets() {
  std::uint64_t objects = 0;  // a bit for each open bracket, set where it is an object's
  std::size_t depth = 0;
  bool has_escapes = false;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '"') {
      if (!skip_string(has_escapes)) return false;
      continue;
    }
    ++at_;
    if (c == '{' || c == '[') {
      if (++depth > max_depth_) return false;
      objects = (objects << 1U) | (c == '{' ? 1U : 0U);
    } else if (c == '}' || c == ']') {
      if ((objects & 1U) != (c == '}' ? 1U : 0U)) return false;
      objects >>= 1U;
      if (--depth == 0) return true;
    }
  }
  return false;
}

bool JsonScanner::skip_scalar() {
  const std::size_t start = at_;
  while (at_ < text_.size() && std::string_view(",]} \n\r\t").find(text_[at_]) == std::string_view::npos) ++at_;
  return at_ > start && json::parse(text_.substr(start, at_ - start)).has_value();
}

}  // namespace seamline::events
