#include "base/json.hpp"

#include <algorithm>

#include "support/catch.hpp"
#include "support/hostile_text.hpp"

using namespace seamline;
using json::Type;
using json::Value;

namespace {

bool is_refused(std::string_view text, const json::ParseLimits& limits = {}) {
  const auto value = json::parse(text, limits);
  return !value && value.error().kind == Kind::malformed && value.error().code == "request.malformed_json";
}

/// What is wrong with a text, as the user reads it.
std::string problem_of(std::string_view text, const json::ParseLimits& limits = {}) {
  const auto value = json::parse(text, limits);
  return value ? "nothing" : value.error().detail;
}

bool mentions(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string written(const Value& value) {
  std::string out;
  json::append_value(out, value);
  return out;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string object_of(int members) {
  std::string text = "{";
  for (int i = 0; i < members; ++i) text += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":1";
  return text + "}";
}

/// Any value of at most a few levels.
Value any_value(int levels) {
  Value value;
  value.type = static_cast<Type>(*rc::gen::inRange(0, levels > 0 ? 7 : 5));
  switch (value.type) {
    case Type::null: break;
    case Type::boolean: value.boolean = *rc::gen::arbitrary<bool>(); break;
    case Type::integer: value.integer = *rc::gen::arbitrary<std::int64_t>() >> *rc::gen::inRange(0, 63); break;
    case Type::number:
      value.text = *rc::gen::element<std::string>("1.0", "1e3", "-0", "-0.5E-7", "12345678901234567890123");
      break;
    case Type::string: value.text = *test::hostile_text(); break;
    case Type::array:
    case Type::object: {
      const int size = *rc::gen::inRange(0, 4);
      for (int i = 0; i < size; ++i) {
        Value item = any_value(levels - 1);
        if (value.is(Type::object)) item.name = std::to_string(i) + *test::hostile_text();
        value.items.push_back(std::move(item));
      }
    }
  }
  return value;
}

bool same(const Value& a, const Value& b) {
  if (a.type != b.type || a.boolean != b.boolean || a.integer != b.integer || a.text != b.text || a.name != b.name) return false;
  return std::equal(a.items.begin(), a.items.end(), b.items.begin(), b.items.end(), same);
}

}  // namespace

TEST_CASE("every kind of value is read") {
  const Value value = json::parse(R"( {"n":null,"t":true,"f":false,"i":-7,"s":"a","a":[1,[]],"o":{"x":{}}} )").value();
  REQUIRE(value.is(Type::object));
  REQUIRE(value.items.size() == 7);
  CHECK(value.find("n")->is(Type::null));
  CHECK(value.find("t")->boolean);
  CHECK(value.find("f")->is(Type::boolean));
  CHECK_FALSE(value.find("f")->boolean);
  CHECK(value.find("i")->integer == -7);
  CHECK(value.find("s")->text == "a");
  CHECK(value.find("a")->items.at(0).integer == 1);
  CHECK(value.find("a")->items.at(1).is(Type::array));
  CHECK(value.find("o")->find("x")->is(Type::object));
  CHECK(value.find("none") == nullptr);
  CHECK(value.find("s")->find("x") == nullptr);
  CHECK(json::parse("7").value().integer == 7);
}

TEST_CASE("members keep the order of the text") { CHECK(written(json::parse(R"({"b":1,"a":2})").value()) == R"({"b":1,"a":2})"); }

TEST_CASE("an integer is a token without fraction or exponent that fits in 64 bits, any other number keeps its token") {
  CHECK(json::parse("9223372036854775807").value().integer == INT64_MAX);
  CHECK(json::parse("-9223372036854775808").value().integer == INT64_MIN);
  CHECK(json::parse("0").value().is(Type::integer));
  for (const char* token : {"9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616",
                            "12345678901234567890123", "1.0", "1e3", "1E+3", "0.1", "-0", "-0.0"}) {
    INFO(token);
    const Value number = json::parse(token).value();
    CHECK(number.is(Type::number));
    CHECK(number.text == token);
  }
}

TEST_CASE("what RFC 8259 does not know is refused") {
  for (const char* text : {"",
                           " ",
                           "{",
                           "}",
                           "[1,]",
                           "{\"a\":1,}",
                           "{\"a\"}",
                           "{a:1}",
                           "{'a':1}",
                           "[1 2]",
                           "01",
                           "+1",
                           "1.",
                           ".5",
                           "1e",
                           "-",
                           "0x10",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "tru",
                           "True",
                           "nul",
                           "\"abc",
                           "\"\\x\"",
                           "\"\\u12\"",
                           "\"\\u12g4\"",
                           "\"tab\there\"",
                           "\"line\nbreak\"",
                           "1e999",
                           "[1}",
                           "{\"a\":[}",
                           "\"a\" \"b\"",
                           "\v1",
                           "undefined"}) {
    INFO(text);
    CHECK(is_refused(text));
  }
}

TEST_CASE("text behind the value is refused, also behind a NUL") {
  CHECK(is_refused("{} {}"));
  CHECK(is_refused("1,"));
  CHECK(is_refused("{\"a\":1}}"));
  CHECK(is_refused("{} x"));
  CHECK(is_refused(std::string_view("{}\0{\"hidden\":1}", 15)));
  CHECK(is_refused(std::string_view("{}\0", 3)));
  CHECK(mentions(problem_of("{\"a\":1}}"), "column 8: unexpected text near"));
}

TEST_CASE("a byte order mark before the value is passed over, and counts as a place in the text") {
  CHECK(json::parse("\xEF\xBB\xBF{\"a\":1}").value().find("a")->offset == 6);
  CHECK(is_refused("\xEF\xBB\xBF"));
  CHECK(is_refused("{}\xEF\xBB\xBF"));
}

TEST_CASE("comments are read where they are allowed, and nowhere else") {
  const std::string text = "// first\n{/* a */\"a\":1 // last\n}";
  CHECK(is_refused(text));
  json::ParseLimits with_comments;
  with_comments.comments = true;
  REQUIRE(json::parse(text, with_comments).has_value());
  CHECK(json::parse(text, with_comments)->find("a")->integer == 1);
  CHECK(is_refused("{} /* never ends", with_comments));
  CHECK(is_refused("{} / /", with_comments));
  CHECK(json::parse(R"("// no comment")").value().text == "// no comment");
}

TEST_CASE("a comment ends with its line, however lines end") {
  json::ParseLimits with_comments;
  with_comments.comments = true;
  for (const std::string end : {"\n", "\r", "\r\n"}) {
    const auto value = json::parse("{// first" + end + "\"a\":1// second" + end + "}", with_comments);
    REQUIRE(value.has_value());
    CHECK(value->find("a")->integer == 1);
    CHECK(is_refused("\"a" + end + "\"", with_comments));
  }
}

TEST_CASE("a member that stands twice is refused, also when it is written in different ways") {
  CHECK(is_refused(R"({"a":1,"a":1})"));
  CHECK(is_refused(R"({"a":1,"\u0061":2})"));
  CHECK(is_refused(R"([{"x":{"a":1,"b":2,"a":3}}])"));
  CHECK(json::parse(R"({"a":{"a":1},"b":{"a":1}})").has_value());
  CHECK(mentions(problem_of(R"({"a":1,"a":1})"), "\"a\" stands twice"));
}

TEST_CASE("escapes are read as what they stand for") {
  CHECK(json::parse(R"("\"\\\/\b\f\n\r\t")").value().text == "\"\\/\b\f\n\r\t");
  CHECK(json::parse(R"("\u00e9\u20AC")").value().text == "\u00e9\u20ac");
  CHECK(json::parse(R"("\ud83d\ude00")").value().text == "\U0001F600");
}

TEST_CASE("half a surrogate pair is no character") {
  for (const char* text :
       {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")", R"("\ude00\ud83d")", R"({"\ud83d":1})"}) {
    INFO(text);
    CHECK(is_refused(text));
  }
}

TEST_CASE("a NUL in a text or a member's name is refused: such a text could not be stored whole") {
  CHECK(is_refused(R"("\u0000")"));
  CHECK(is_refused(R"({"name":"Ada\u0000x"})"));
  CHECK(is_refused(R"({"na\u0000me":1})"));
  CHECK(is_refused(std::string_view("\"a\0b\"", 5)));
  CHECK(json::parse(R"("\\u0000")").value().text == "\\u0000");
}

TEST_CASE("bytes that are no UTF-8 are refused, in texts, names and comments, and not repeated in the message") {
  json::ParseLimits with_comments;
  with_comments.comments = true;
  for (const char* text : {"\"\xFF\"", "\"\xC0\xAF\"", "\"\xED\xA0\x80\"", "\"\xF4\x90\x80\x80\"", "\"\xE2\x82\"", "{\"\xFF\":1}",
                           "\xC3", "\xFF\xFE{}", "{} // \xFF"}) {
    CHECK(is_refused(text));
    CHECK(is_refused(text, with_comments));
    CHECK(json::parse("\"" + problem_of("\xC3") + "\"").has_value());
  }
  // Stops in the middle of a character that is whole.
  CHECK(is_refused("{\u00e9:1}"));
  CHECK(json::parse("\"" + problem_of("{\u00e9:1}") + "\"").has_value());
}

TEST_CASE("nesting is limited: 32 levels are read, 33 are not") {
  CHECK(json::parse(nested(32)).has_value());
  CHECK(is_refused(nested(33)));
  CHECK(is_refused(nested(100'000)));
  CHECK(is_refused(std::string(100'000, '[')));
  std::string objects;
  for (int i = 0; i < 33; ++i) objects += "{\"a\":";
  CHECK(is_refused(objects + "1" + std::string(33, '}')));
}

TEST_CASE("the size is limited before anything is parsed") {
  json::ParseLimits limits;
  limits.max_bytes = 10;
  CHECK(json::parse("\"12345678\"", limits).has_value());
  const auto too_large = json::parse("\"123456789\"", limits);
  REQUIRE_FALSE(too_large.has_value());
  CHECK(too_large.error().kind == Kind::too_large);
  CHECK(too_large.error().code == "request.too_large");
}

TEST_CASE("the members of an object and the values of a text are limited") {
  CHECK(json::parse(object_of(256)).has_value());
  CHECK(is_refused(object_of(257)));
  json::ParseLimits limits;
  limits.max_values = 4;
  CHECK(json::parse("[1,2,3]", limits).has_value());
  CHECK(is_refused("[1,2,3,4]", limits));
  CHECK(is_refused("[[],[],[],{}]", limits));
  CHECK(is_refused("[" + std::string(400'000, ' ') + "1" + [] {
    std::string many;
    for (int i = 0; i < 200'000; ++i) many += ",1";
    return many;
  }() + "]"));
}

TEST_CASE("a refusal says where: line and column of the character that does not fit") {
  CHECK(mentions(problem_of("{\"a\":}"), "line 1, column 6"));
  CHECK(mentions(problem_of("{\n  \"a\": 1,\n  \"b\": ?\n}"), "line 3, column 8"));
  CHECK(mentions(problem_of("{}\n\n x"), "line 3, column 2"));
  CHECK(mentions(problem_of("[1,\n\"\xFF\"]"), "line 2, column 2"));
  CHECK(mentions(problem_of("{\"a\":1,\n\"a\":2}"), "line 2"));
  CHECK(mentions(problem_of("{\"a\":1"), "the text ends before the value does"));
  CHECK(mentions(problem_of("{\"a"), "the text ends before the value does"));
}

TEST_CASE("a value knows where it stands in the text") {
  const std::string text = "{\n\"a\": 1,\n\"b\": [\n2,\n3\n]}";
  const Value value = json::parse(text).value();
  const auto line_of = [&](const Value& one) {
    return 1 + std::count(text.begin(), text.begin() + static_cast<long>(one.offset), '\n');
  };
  CHECK(line_of(*value.find("a")) == 2);
  CHECK(line_of(*value.find("b")) == 3);
  CHECK(line_of(value.find("b")->items.at(0)) == 4);
  CHECK(line_of(value.find("b")->items.at(1)) == 5);
  CHECK(json::parse("  7\n").value().offset <= 3);
}

TEST_CASE("the writer places commas and escapes what must be escaped") {
  std::string out;
  json::Writer writer(out);
  writer.begin_object();
  writer.member("text", std::string("a\"b\\c\nd\re\tf\x01g\x1f"));
  writer.member("number", std::int64_t{-5});
  writer.member("yes", true);
  writer.key("list");
  writer.begin_array();
  writer.null();
  writer.begin_object();
  writer.end_object();
  writer.begin_array();
  writer.end_array();
  writer.raw("{\"x\":1}");
  writer.end_array();
  writer.escaped_key("a \"name\"");
  writer.boolean(false);
  writer.end_object();
  CHECK(out ==
        R"({"text":"a\"b\\c\nd\re\tf\u0001g\u001f","number":-5,"yes":true,"list":[null,{},[],{"x":1}],"a \"name\"":false})");
}

TEST_CASE("the writer writes the edges of 64 bits and leaves UTF-8 and DEL as they are") {
  std::string out;
  json::Writer writer(out);
  writer.begin_array();
  writer.integer(INT64_MIN);
  writer.integer(INT64_MAX);
  writer.string("\u20ac\x7f/");
  writer.string("");
  writer.end_array();
  CHECK(out == "[-9223372036854775808,9223372036854775807,\"\u20ac\x7f/\",\"\"]");
}

TEST_CASE("what is written is read back as the same value, and written the same again") {
  rc::prop("round trip", [] {
    const Value value = any_value(3);
    const std::string text = written(value);
    const Value again = json::parse(text).value();
    RC_ASSERT(same(value, again));
    RC_ASSERT(written(again) == text);
  });
}

TEST_CASE("any bytes at all are read or refused") {
  rc::prop("hostile bytes", [](const std::string& bytes) {
    const auto value = json::parse(bytes);
    if (value) {
      RC_ASSERT(json::parse(written(*value)).has_value());
    } else {
      RC_ASSERT(value.error().kind == Kind::malformed);
      RC_ASSERT(json::parse([&] {
                  std::string out;
                  json::append_string(out, value.error().detail);
                  return out;
                }())
                    .has_value());
    }
  });
}
