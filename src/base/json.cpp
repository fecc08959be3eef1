#include "base/json.hpp"

#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.hpp"

namespace seamline::json {
namespace {

constexpr ErrorCode malformed_json{"request.malformed_json", Kind::malformed};
constexpr ErrorCode too_large{"request.too_large", Kind::too_large};

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

/// Text with comments. For the parser only a line feed ends one; so it sees one for a carriage return, which ends lines too, and
/// may stand nowhere but between tokens.
struct CommentedText : rapidjson::MemoryStream {
  using MemoryStream::MemoryStream;
  static Ch seen(Ch one) { return one == '\r' ? '\n' : one; }
  Ch Peek() const { return seen(MemoryStream::Peek()); }
  Ch Take() { return seen(MemoryStream::Take()); }
};

/// Builds a Value from the parser's events, and stops it where a rule is broken: each event is one of RapidJSON's handler
/// (rapidjson.org, "SAX"), whose names are therefore not ours. Numbers come as their tokens: the events of numbers that it has
/// too are never sent.
class Builder : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Builder> {
 public:
  using Length = rapidjson::SizeType;

  Builder(std::string_view text, const rapidjson::MemoryStream& reading, const ParseLimits& limits)
      : text_(text), reading_(reading), limits_(limits) {}

  bool Null() { return add(Type::null) != nullptr; }
  bool Bool(bool value) { return set(Type::boolean, &Value::boolean, value); }
  bool RawNumber(const char* token, Length length, bool /*is_copy*/) { return number({token, length}); }
  bool String(const char* text, Length length, bool /*is_copy*/) {
    const std::string_view value(text, length);
    return check_text(value) && set(Type::string, &Value::text, std::string(value));
  }
  bool StartObject() { return enter(Type::object); }
  bool StartArray() { return enter(Type::array); }
  bool EndObject(Length /*members*/) { return leave(); }
  bool EndArray(Length /*items*/) { return leave(); }
  bool Key(const char* text, Length length, bool /*is_copy*/) {
    const std::string_view name(text, length);
    if (!check_text(name)) return false;
    if (open_.back()->items.size() >= limits_.max_members) {
      return refuse("an object with more than " + std::to_string(limits_.max_members) + " members");
    }
    if (open_.back()->find(name) != nullptr) {
      return refuse("the member \"" + std::string(text_prefix(name, 40)) + "\" stands twice in one object");
    }
    name_ = name;
    key_offset_ = offset();
    return true;
  }

  /// The parser does not know what to make of the character there, or of the end of the text.
  void stopped_at(std::size_t stop) {
    if (stop >= text_.size()) return refuse_at(offset(), "the text ends before the value does");
    const std::string_view rest = text_.substr(stop);
    const auto is_control = [](char one) { return static_cast<unsigned char>(one) < 0x20; };
    const auto end = std::find_if(rest.begin(), rest.end(), is_control) - rest.begin();
    const std::string_view near = text_prefix(rest.substr(0, static_cast<std::size_t>(end)), 40);
    // The parser may stop in the middle of a character, which then must not be repeated.
    refuse_at(stop, near.empty() || !is_text(near) ? "unexpected text" : "unexpected text near '" + std::string(near) + "'");
  }

  Value root;
  std::string problem;

 private:
  /// Of the last character that the parser has taken.
  std::size_t offset() const { return std::max<std::size_t>(reading_.Tell(), 1) - 1; }
  void refuse_at(std::size_t offset, std::string_view why) {
    if (problem.empty()) problem = place(text_, offset) + ": " + std::string(why);
  }
  bool refuse(std::string_view why) {
    refuse_at(offset(), why);
    return false;
  }
  bool check_text(std::string_view text) {
    if (text.find('\0') != std::string_view::npos) return refuse("a text with the character \\u0000");
    // The parser takes the second half of a surrogate pair alone for a character. In UTF-8 it begins with this byte.
    constexpr char surrogate = '\xED';
    return text.find(surrogate) == std::string_view::npos || is_text(text) || refuse("a text with half a surrogate pair");
  }
  /// Only a token without fraction and exponent can be an integer; -0 is none, no integer has that value.
  bool number(std::string_view token) {
    std::int64_t integer = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), integer);
    if (error == std::errc() && end == token.data() + token.size() && token != "-0") {
      return set(Type::integer, &Value::integer, integer);
    }
    return set(Type::number, &Value::text, std::string(token));
  }
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
  const rapidjson::MemoryStream& reading_;
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
  CommentedText with_comments(text.data(), text.size());
  rapidjson::MemoryStream& reading = with_comments;  // the same, as it stands
  // RFC 8259, section 8.1: it may be ignored. Editors put it before a configuration file.
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  while (text.starts_with(byte_order_mark) && reading.Tell() < byte_order_mark.size()) reading.Take();
  Builder builder(text, reading, limits);
  rapidjson::Reader reader;
  constexpr unsigned strict = rapidjson::kParseNumbersAsStringsFlag;
  constexpr unsigned commented = strict | rapidjson::kParseCommentsFlag;
  const auto outcome = limits.comments ? reader.Parse<commented>(with_comments, builder) : reader.Parse<strict>(reading, builder);
  if (outcome) return std::move(builder.root);
  builder.stopped_at(outcome.Offset());
  return fail(malformed_json, "The JSON text is malformed: " + builder.problem + ".");
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
