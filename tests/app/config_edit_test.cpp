#include "config_edit.hpp"

#include <array>

#include "base/json.hpp"
#include "support/arbitrary.hpp"
#include "support/catch.hpp"

using namespace seamline;

namespace {

constexpr std::array<std::string_view, 3> placement_path{"modules", "payment", "placement"};
constexpr std::array<std::string_view, 3> url_path{"modules", "payment", "url"};

std::string with_placement(std::string_view text, std::string_view value = "remote") {
  return app::set_text_member(text, placement_path, value).value();
}

}  // namespace

TEST_CASE("a value that is there is replaced, and nothing else") {
  CHECK(with_placement("{ \"modules\": { \"payment\": { \"retry_ms\": 5, \"placement\" : \"local\" } } }") ==
        "{ \"modules\": { \"payment\": { \"retry_ms\": 5, \"placement\" : \"remote\" } } }");
  CHECK(with_placement("{\"modules\":{\"payment\":{\"placement\":null}}}") ==
        "{\"modules\":{\"payment\":{\"placement\":\"remote\"}}}");
}

TEST_CASE("setting what is set already gives the same text") {
  const std::string text = "{\"modules\": {\"payment\": {\"placement\": \"rem\\u006fte\"}}}";
  CHECK(with_placement(text) == text);
}

TEST_CASE("an empty object on one line stays on its line") {
  CHECK(with_placement("{\n  \"modules\": {\n    \"user\": {},\n    \"payment\": {}\n  }\n}\n") ==
        "{\n  \"modules\": {\n    \"user\": {},\n    \"payment\": { \"placement\": \"remote\" }\n  }\n}\n");
  CHECK(with_placement("{ \"modules\": { \"payment\": { } } }") ==
        "{ \"modules\": { \"payment\": { \"placement\": \"remote\" } } }");
  CHECK(with_placement("{\"modules\":{\"payment\":{/* none */}}}") ==
        "{\"modules\":{\"payment\":{/* none */ \"placement\":\"remote\"}}}");
}

TEST_CASE("an object on one line gets its member behind the last, spaced like the others") {
  CHECK(with_placement("{ \"modules\": { \"payment\": { \"retry_ms\": 5 } } }") ==
        "{ \"modules\": { \"payment\": { \"retry_ms\": 5, \"placement\": \"remote\" } } }");
  CHECK(with_placement("{\"modules\":{\"payment\":{\"retry_ms\":5,\"x\":[{}]}}}") ==
        "{\"modules\":{\"payment\":{\"retry_ms\":5,\"x\":[{}],\"placement\":\"remote\"}}}");
  CHECK(with_placement("{\"modules\": {\"payment\": {\"retry_ms\": 5 /* why */ }}}") ==
        "{\"modules\": {\"payment\": {\"retry_ms\": 5 /* why */, \"placement\": \"remote\" }}}");
}

TEST_CASE("an object over several lines gets a line, indented like the one before") {
  CHECK(with_placement("{\n\t\"modules\": {\n\t\t\"payment\": {\n\t\t\t\"retry_ms\": 5 // why\n\t\t}\n\t}\n}") ==
        "{\n\t\"modules\": {\n\t\t\"payment\": {\n\t\t\t\"retry_ms\": 5, // why\n\t\t\t\"placement\": \"remote\"\n\t\t}\n\t}\n}");
  CHECK(with_placement("{\n    \"modules\": {\n        \"payment\": {\n        }\n    }\n}") ==
        "{\n    \"modules\": {\n        \"payment\": {\n            \"placement\": \"remote\"\n        }\n    }\n}");
}

TEST_CASE("a comment that looks like a member is none, and stays") {
  CHECK(with_placement("{ \"modules\": {\n  \"payment\": {\n    // \"placement\": \"local\",\n  }\n} }") ==
        "{ \"modules\": {\n  \"payment\": {\n    // \"placement\": \"local\",\n    \"placement\": \"remote\"\n  }\n} }");
  CHECK(with_placement("{/* \"modules\": {} */ \"modules\": /* { */ {\"payment\": {\"placement\": /* } \" */ \"local\"}}}") ==
        "{/* \"modules\": {} */ \"modules\": /* { */ {\"payment\": {\"placement\": /* } \" */ \"remote\"}}}");
  CHECK(with_placement("{\"listen\": \"// not a comment {\", \"modules\": {\"payment\": {}}}") ==
        "{\"listen\": \"// not a comment {\", \"modules\": {\"payment\": {\"placement\": \"remote\"}}}");
}

TEST_CASE("what is missing around the member is made") {
  CHECK(with_placement("{}") == "{ \"modules\": { \"payment\": { \"placement\": \"remote\" } } }");
  CHECK(with_placement("{\n  \"listen\": \"127.0.0.1:0\"\n}\n") ==
        "{\n  \"listen\": \"127.0.0.1:0\",\n  \"modules\": { \"payment\": { \"placement\": \"remote\" } }\n}\n");
  CHECK(with_placement("{\n  \"modules\": {\n    \"user\": {} // first\n    // last\n  }\n}\n") ==
        "{\n  \"modules\": {\n    \"user\": {}, // first\n    // last\n    \"payment\": { \"placement\": \"remote\" }\n  }\n}\n");
}

TEST_CASE("a byte order mark, carriage returns and a missing last line break stay as they are") {
  CHECK(with_placement("\xEF\xBB\xBF{}") == "\xEF\xBB\xBF{ \"modules\": { \"payment\": { \"placement\": \"remote\" } } }");
  CHECK(with_placement(
            "// shop\r\n{\r\n  \"modules\": {\r\n    \"payment\": {\r\n      \"retry_ms\": 5 // why\r\n    }\r\n  }\r\n}") ==
        "// shop\r\n{\r\n  \"modules\": {\r\n    \"payment\": {\r\n      \"retry_ms\": 5, // why\r\n      \"placement\": "
        "\"remote\"\r\n    }\r\n  }\r\n}");
  CHECK(with_placement("{} // the end") == "{ \"modules\": { \"payment\": { \"placement\": \"remote\" } } } // the end");
}

TEST_CASE("a name is read as JSON spells it, and a value is written so") {
  CHECK(with_placement(R"({"mod\u0075les":{"payment":{"placement":"local"}}})") ==
        R"({"mod\u0075les":{"payment":{"placement":"remote"}}})");
  CHECK(app::set_text_member("{}", url_path, "a\"b\\c").value() == R"({ "modules": { "payment": { "url": "a\"b\\c" } } })");
}

TEST_CASE("a text that is no configuration is refused") {
  for (const char* text : {"", "[]", "{", "{} {}", "{\"a\": 1,}", "{\"a\": 1, \"a\": 2}",
                           "{\"modules\": {\"payment\": {}, \"payment\": {}}}", "{\"a\": \"\xFF\"}", "/* open"}) {
    INFO(text);
    const auto edited = app::set_text_member(text, placement_path, "remote");
    REQUIRE(!edited);
    CHECK(edited.error().code == "config.unreadable");
  }
}

TEST_CASE("a section that is no object is refused by its name") {
  const auto edited = app::set_text_member("{\"modules\": {\"payment\": [5]}}", placement_path, "remote");
  REQUIRE(!edited);
  CHECK(edited.error().code == "config.invalid");
  CHECK(edited.error().detail == "modules.payment must be an object, and is none.");
}

namespace {

/// A random configuration file, with whatever may stand between two tokens.
class RandomFile {
 public:
  std::string text() {
    static const std::vector<std::string> marks{"", "\xEF\xBB\xBF"};
    out_ = *rc::gen::elementOf(marks);
    gap();
    object({"modules", "listen", "\\u0061", "sec\\\"tion"}, 0);
    gap();
    return out_;
  }

 private:
  static bool coin(int in) { return *rc::gen::inRange(0, in) == 0; }
  void gap() {
    static const std::vector<std::string> gaps{"",
                                               "",
                                               " ",
                                               "\n",
                                               "\r\n  ",
                                               "\t",
                                               "/**/",
                                               " /* } */ ",
                                               "// {\n",
                                               "/* \"placement\": */",
                                               "\n    // \"url\": \"x\",\n    ",
                                               "/*\n*/",
                                               "\r",
                                               "// c\r\n"};
    out_ += *rc::gen::elementOf(gaps);
  }
  void object(const std::vector<std::string>& names, int depth) {
    out_ += "{";
    gap();
    bool is_first = true;
    for (const std::string& name : names) {
      if (coin(3)) continue;
      if (!is_first) out_ += ",";
      is_first = false;
      gap();
      out_ += "\"" + name + "\"";
      gap();
      out_ += ":";
      gap();
      value(name, depth + 1);
      gap();
    }
    out_ += "}";
  }
  void value(const std::string& name, int depth) {
    if (name == "modules") return object({"user", "payment", "order"}, depth);
    if (name == "payment") return object({"retry_ms", "url", "placement"}, depth);
    if (depth < 5 && coin(4)) return object({"a", "placement", "payment"}, depth);
    if (depth < 5 && coin(4)) {
      out_ += "[";
      value("", depth + 1);
      gap();
      out_ += ",";
      gap();
      value("", depth + 1);
      out_ += "]";
      return;
    }
    if (coin(3)) return json::append_string(out_, test::arbitrary_text(0, 12));
    static const std::vector<std::string> scalars{"null", "true", "-1.5e3", "0", "\"remote\"", "\"// {\"", "\"\\\"\""};
    out_ += *rc::gen::elementOf(scalars);
  }

  std::string out_;
};

json::Value parsed(const std::string& text) { return json::parse(text, {.comments = true}).value(); }

/// The member at the path, made where it is missing, as the edit is to do.
json::Value& member_at(json::Value& root, std::span<const std::string_view> path) {
  json::Value* at = &root;
  for (const std::string_view name : path) {
    auto found = std::find_if(at->items.begin(), at->items.end(), [&](const json::Value& item) { return item.name == name; });
    if (found == at->items.end()) {
      at->type = json::Type::object;
      found = at->items.insert(found, json::Value{});
      found->name = name;
      found->type = json::Type::object;
    }
    at = &*found;
  }
  return *at;
}

std::string canonical(const json::Value& value) {
  std::string text;
  json::append_value(text, value);
  return text;
}

bool is_subsequence(std::string_view part, std::string_view whole) {
  std::size_t at = 0;
  for (const char byte : whole) {
    if (at < part.size() && part[at] == byte) ++at;
  }
  return at == part.size();
}

bool has_member(const std::string& text, std::span<const std::string_view> path) {
  const json::Value root = parsed(text);
  const json::Value* at = &root;
  for (const std::string_view name : path) at = at == nullptr ? nullptr : at->find(name);
  return at != nullptr;
}

}  // namespace

TEST_CASE("an edited file of any form means the same but for the member, and keeps every other byte") {
  rc::prop("whatever stands between its tokens", [] {
    const std::string before = RandomFile().text();
    const auto& path = *rc::gen::element(placement_path, url_path);
    const std::string value = *rc::gen::element<std::string>("remote", "local", "http://127.0.0.1:8103", "\"\\");
    const auto edited = app::set_text_member(before, path, value);
    RC_ASSERT(edited.has_value());

    json::Value wanted = parsed(before);
    json::Value& member = member_at(wanted, path);
    member.type = json::Type::string;
    member.items.clear();
    member.text = value;
    RC_ASSERT(canonical(parsed(*edited)) == canonical(wanted));
    // All that was there is there still, in its order. What is replaced, the next property sets back.
    if (!has_member(before, path)) RC_ASSERT(is_subsequence(before, *edited));
    RC_ASSERT(app::set_text_member(*edited, path, value).value() == *edited);
  });
}

TEST_CASE("a value that is replaced and set back gives the file as it was") {
  rc::prop("whatever stands between its tokens", [] {
    const std::string first = app::set_text_member(RandomFile().text(), placement_path, "local").value();
    const std::string second = app::set_text_member(first, placement_path, "remote").value();
    RC_ASSERT(second.size() == first.size() + 1);
    RC_ASSERT(app::set_text_member(second, placement_path, "local").value() == first);
  });
}
