#include "contract/decode.hpp"

#include "base/text.hpp"

namespace seamline {
namespace {

std::string_view name_of_type(json::Type type) {
  switch (type) {
    case json::Type::null: return "null";
    case json::Type::boolean: return "a boolean";
    case json::Type::integer: return "an integer";
    case json::Type::number: return "a number that is no 64-bit integer";
    case json::Type::string: return "a string";
    case json::Type::array: return "an array";
    case json::Type::object: return "an object";
  }
  return "";
}

}  // namespace

void Decoding::add(std::string detail) {
  if (violations_.size() < max_violations) violations_.push_back({pointer_, std::move(detail)});
}

void Decoding::wrong_form(std::string detail) {
  malformed_ = true;
  add(std::move(detail));
}

void Decoding::out_of_limits(std::string detail) { add(std::move(detail)); }

Error Decoding::error() const {
  Error error;
  error.code = malformed_ ? "request.malformed" : "request.invalid";
  error.kind = malformed_ ? Kind::malformed : Kind::invalid;
  const Violation& first = violations_.front();
  error.detail = (first.pointer.empty() ? std::string("The request") : first.pointer) + " " + first.detail + ".";
  error.violations = violations_;
  return error;
}

Decoding::Within::Within(Decoding& decoding, std::string_view member)
    : decoding_(decoding), length_before_(decoding.pointer_.size()) {
  decoding.pointer_.push_back('/');
  for (const char c : text_prefix(member, 100)) {
    if (c == '~') {
      decoding.pointer_ += "~0";
    } else if (c == '/') {
      decoding.pointer_ += "~1";
    } else {
      decoding.pointer_.push_back(c);
    }
  }
}

Decoding::Within::Within(Decoding& decoding, std::size_t index) : decoding_(decoding), length_before_(decoding.pointer_.size()) {
  decoding.pointer_ += "/" + std::to_string(index);
}

Decoding::Within::~Within() { decoding_.pointer_.resize(length_before_); }

namespace detail {

bool check_length(Decoding& decoding, std::size_t size, const Limits& limits, std::int64_t otherwise_most, const char* unit) {
  const auto have = static_cast<std::int64_t>(size);
  const std::int64_t most = limits.most == INT64_MAX ? otherwise_most : limits.most;
  if (have > most) decoding.out_of_limits("has more than " + std::to_string(most) + " " + unit);
  if (have < limits.least) decoding.out_of_limits("has fewer than " + std::to_string(limits.least) + " " + unit);
  return have <= most && have >= limits.least;
}

void check_range(Decoding& decoding, std::int64_t value, const Limits& limits) {
  if (value >= limits.least && value <= limits.most) return;
  if (limits.most == INT64_MAX) return decoding.out_of_limits("must be at least " + std::to_string(limits.least));
  decoding.out_of_limits("must be from " + std::to_string(limits.least) + " to " + std::to_string(limits.most));
}

bool expect(Decoding& decoding, const json::Value& value, json::Type type) {
  if (value.is(type)) return true;
  decoding.wrong_form("must be " + std::string(name_of_type(type)) + ", and is " + std::string(name_of_type(value.type)));
  return false;
}

void report_unknown_name(Decoding& decoding, std::string_view got, const std::string_view* names, std::size_t count) {
  std::string known;
  for (std::size_t i = 0; i < count; ++i) known += (i == 0 ? "" : ", ") + std::string(names[i]);
  decoding.out_of_limits("is \"" + std::string(text_prefix(got, 40)) + "\", and must be one of " + known);
}

}  // namespace detail
}  // namespace seamline
