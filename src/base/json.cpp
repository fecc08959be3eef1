#include "base/json.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/text.hpp"

namespace seamline::json {
namespace {

constexpr ErrorCode malformed_json{"request.malformed_json", Kind::malformed};
constexpr ErrorCode too_large{"request.too_large", Kind::too_large};

/// Walks the text and remembers how far the parser has read, so that each value knows where it stands.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

std::string place(std::string_view text, std::size_t offset) {
  std::size_t line = 1;
  std::size_t column = 1;
  for (std::size_t i = 0; i < offset && i < text.size(); ++i) {
    if (text[i] == '\n') {
      ++line;
      column = 1;
    } else {
      ++column;
    }
  }
  return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// Builds a Value from the parser's events, and stops it where a rule is broken.
class Builder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  Builder(std::string_view text, const char*& furthest, const ParseLimits& limits)
      : text_(text), furthest_(furthest), limits_(limits) {}

  bool null() override { return add(Type::null) != nullptr; }
  bool boolean(bool value) override { return set(Type::boolean, &Value::boolean, value); }
  bool number_integer(number_integer_t value) override {
    // Only tokens with a sign come here, so this zero is -0: no integer has that value.
    return value == 0 ? number("-0") : integer(value);
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value > static_cast<std::uint64_t>(INT64_MAX)) return number(std::to_string(value));
    return integer(static_cast<std::int64_t>(value));
  }
  bool number_float(number_float_t, const string_t& token) override { return number(token); }
  bool string(string_t& value) override {
    if (!check_text(value)) return false;
    return set(Type::string, &Value::text, std::move(value));
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return enter(Type::object); }
  bool start_array(std::size_t) override { return enter(Type::array); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(string_t& name) override {
    if (!check_text(name)) return false;
    if (open_.back()->items.size() >= limits_.max_members) {
      return refuse("an object with more than " + std::to_string(limits_.max_members) + " members");
    }
    for (const Value& sibling : open_.back()->items) {
      if (sibling.name == name)
        return refuse("the member \"" + std::string(text_prefix(name, 40)) + "\" stands twice in one object");
    }
    name_ = std::move(name);
    key_offset_ = offset();
    return true;
  }
  bool parse_error(std::size_t, const std::string& last_token, const nlohmann::detail::exception& error) override {
    const std::string_view reason = error.what();
    const auto is_reason = [&](std::string_view words) { return reason.find(words) != std::string_view::npos; };
    if (is_reason("unexpected end of input") || is_reason("missing closing quote"))
      return refuse("the text ends before the value does");
    const std::string_view token = text_prefix(last_token, 40);
    // The parser may stop in the middle of a character, which then must not be repeated.
    return refuse(is_text(token) ? "unexpected text near '" + std::string(token) + "'" : "unexpected text");
  }

  Value root;
  std::string problem;

 private:
  /// Of the last character that the parser has taken.
  std::size_t offset() const { return furthest_ == text_.data() ? 0 : static_cast<std::size_t>(furthest_ - text_.data()) - 1; }
  bool refuse(std::string why) {
    if (problem.empty()) problem = place(text_, offset()) + ": " + std::move(why);
    return false;
  }
  bool check_text(const std::string& text) {
    return text.find('\0') == std::string::npos || refuse("a text with the character \\u0000");
  }
  bool integer(std::int64_t value) { return set(Type::integer, &Value::integer, value); }
  bool number(std::string token) { return set(Type::number, &Value::text, std::move(token)); }
  template <class T>
  bool set(Type type, T Value::* member, T value) {
    Value* added = add(type);
    if (added != nullptr) added->*member = std::move(value);
    return added != nullptr;
  }
  /// Null where there are too many.
  Value* add(Type type) {
    if (++values_ > limits_.max_values) {
      refuse("more than " + std::to_string(limits_.max_values) + " values");
      return nullptr;
    }
    Value* added = &root;
    if (!open_.empty()) {
      std::vector<Value>& siblings = open_.back()->items;
      if (siblings.empty()) siblings.reserve(4);
      added = &siblings.emplace_back();
      added->name = std::move(name_);
      name_.clear();
    }
    added->type = type;
    added->offset = key_offset_ != 0 ? key_offset_ : offset();
    key_offset_ = 0;
    return added;
  }
  bool enter(Type type) {
    if (open_.size() >= limits_.max_depth) {
      return refuse("nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    Value* added = add(type);
    if (added != nullptr) open_.push_back(added);
    return added != nullptr;
  }
  bool leave() {
    open_.pop_back();
    return true;
  }

  std::string_view text_;
  const char*& furthest_;
  const ParseLimits& limits_;
  std::vector<Value*> open_;  // stays valid: a parent gets no further items while a child is open
  std::string name_;
  std::size_t key_offset_ = 0;
  std::size_t values_ = 0;
};

}  // namespace

const Value* Value::find(std::string_view member_name) const {
  if (type != Type::object) return nullptr;
  for (const Value& item : items) {
    if (item.name == member_name) return &item;
  }
  return nullptr;
}

Result<Value> parse(std::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return fail(too_large, "The JSON text has " + std::to_string(text.size()) + " bytes; at most " +
                               std::to_string(limits.max_bytes) + " are read.");
  }
  // NUL would end the text for the parser, and leave what follows unread.
  if (const std::size_t well_formed = well_formed_bytes(text); well_formed != text.size()) {
    return fail(malformed_json, "The JSON text is malformed: " + place(text, well_formed) + ": bytes that are no UTF-8 text.");
  }
  const char* furthest = text.data();
  Builder builder(text, furthest, limits);
  const bool parsed =
      nlohmann::json::sax_parse(CountingIterator(text.data(), &furthest), CountingIterator(text.data() + text.size(), &furthest),
                                &builder, nlohmann::json::input_format_t::json, true, limits.comments);
  if (!parsed) return fail(malformed_json, "The JSON text is malformed: " + builder.problem + ".");
  return std::move(builder.root);
}

void append_string(std::string& out, std::string_view text) {
  static constexpr std::string_view digits = "0123456789abcdef";
  out.push_back('"');
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte >= 0x20 && byte != '"' && byte != '\\') continue;
    out.append(text, copied, i - copied);
    copied = i + 1;
    switch (byte) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out.push_back(digits[byte >> 4U]);
        out.push_back(digits[byte & 0xFU]);
    }
  }
  out.append(text, copied, text.size() - copied);
  out.push_back('"');
}

void append_value(std::string& out, const Value& value) {
  switch (value.type) {
    case Type::null: out += "null"; return;
    case Type::boolean: out += value.boolean ? "true" : "false"; return;
    case Type::integer: out += std::to_string(value.integer); return;
    case Type::number: out += value.text; return;
    case Type::string: append_string(out, value.text); return;
    case Type::array:
    case Type::object: break;
  }
  const bool is_object = value.type == Type::object;
  out.push_back(is_object ? '{' : '[');
  for (std::size_t i = 0; i < value.items.size(); ++i) {
    if (i > 0) out.push_back(',');
    if (is_object) {
      append_string(out, value.items[i].name);
      out.push_back(':');
    }
    append_value(out, value.items[i]);
  }
  out.push_back(is_object ? '}' : ']');
}

void Writer::separate() {
  if (needs_comma_) out_.push_back(',');
  needs_comma_ = true;
}

void Writer::open(char bracket) {
  separate();
  out_.push_back(bracket);
  needs_comma_ = false;
}

void Writer::close(char bracket) {
  out_.push_back(bracket);
  needs_comma_ = true;
}

void Writer::key(std::string_view name) {
  separate();
  out_.push_back('"');
  out_.append(name);
  out_ += "\":";
  needs_comma_ = false;
}

void Writer::escaped_key(std::string_view name) {
  separate();
  append_string(out_, name);
  out_.push_back(':');
  needs_comma_ = false;
}

void Writer::string(std::string_view text) {
  separate();
  append_string(out_, text);
}

void Writer::integer(std::int64_t number) {
  separate();
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out_.append(digits.data(), end);
}

void Writer::boolean(bool truth) {
  separate();
  out_ += truth ? "true" : "false";
}

void Writer::null() {
  separate();
  out_ += "null";
}

void Writer::raw(std::string_view json_text) {
  separate();
  out_.append(json_text);
}

}  // namespace seamline::json
