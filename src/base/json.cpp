#include "base/json.hpp"

#include <array>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/assert.hpp"

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
  bool boolean(bool value) override {
    Value* added = add(Type::boolean);
    added->boolean = value;
    return true;
  }
  bool number_integer(number_integer_t value) override {
    add(Type::integer)->integer = value;
    return true;
  }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<std::uint64_t>(INT64_MAX)) return number_integer(static_cast<std::int64_t>(value));
    add(Type::number)->text = std::to_string(value);
    return true;
  }
  bool number_float(number_float_t, const string_t& token) override {
    add(Type::number)->text = token;
    return true;
  }
  bool string(string_t& value) override {
    add(Type::string)->text = std::move(value);
    return true;
  }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return enter(Type::object); }
  bool start_array(std::size_t) override { return enter(Type::array); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(string_t& name) override {
    if (open_.back()->items.size() >= limits_.max_members) {
      return refuse("an object with more than " + std::to_string(limits_.max_members) + " members");
    }
    for (const Value& sibling : open_.back()->items) {
      if (sibling.name == name) return refuse("the member \"" + name + "\" stands twice in one object");
    }
    name_ = std::move(name);
    key_offset_ = offset();
    return true;
  }
  bool parse_error(std::size_t, const std::string& last_token, const nlohmann::detail::exception&) override {
    if (offset() >= text_.size()) return refuse("the text ends before the value does");
    return refuse("unexpected text near '" + last_token.substr(0, 40) + "'");
  }

  Value root;
  std::string problem;

 private:
  std::size_t offset() const { return static_cast<std::size_t>(furthest_ - text_.data()); }
  bool refuse(std::string why) {
    if (problem.empty()) problem = place(text_, offset()) + ": " + std::move(why);
    return false;
  }
  Value* add(Type type) {
    Value* added = &root;
    if (!open_.empty()) {
      added = &open_.back()->items.emplace_back();
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
    open_.push_back(add(type));
    return true;
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
  const char* furthest = text.data();
  Builder builder(text, furthest, limits);
  const bool parsed = nlohmann::json::sax_parse(CountingIterator(text.data(), &furthest),
                                                CountingIterator(text.data() + text.size(), &furthest), &builder,
                                                nlohmann::json::input_format_t::json, true, limits.comments);
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
