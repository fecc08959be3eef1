#include "contract/contract.hpp"
#include "contract/decode.hpp"
#include "contract/encode.hpp"
#include "sample.hpp"
#include "support/catch.hpp"
#include "support/hostile_text.hpp"

using namespace seamline;
using sample::Colour;
using sample::Part;
using sample::Thing;

namespace {

const std::string whole =
    R"({"id":"t1","name":"Box","size":7,"is_new":true,"colour":"green","made_at":"2026-01-31T12:00:00.000Z","note":null,)"
    R"("spare":{"name":"lid","count":1},"parts":[{"name":"side","count":4}],"tags":["a","b"],"extra":{"x":[1,{"y":null}]},"version":3})";

std::string without(std::string_view member) {
  const auto value = json::parse(whole).value();
  json::Value less = value;
  std::erase_if(less.items, [&](const json::Value& item) { return item.name == member; });
  std::string text;
  json::append_value(text, less);
  return text;
}

std::string with(std::string_view member, std::string_view value) {
  std::string text = without(member);
  text.pop_back();
  return text + ",\"" + std::string(member) + "\":" + std::string(value) + "}";
}

/// The pointers of what is wrong, in order.
template <class T>
std::vector<std::string> wrong(std::string_view text, Reading reading = Reading::strict) {
  std::vector<std::string> pointers;
  const auto decoded = decode<T>(text, reading);
  if (!decoded) {
    for (const Violation& violation : decoded.error().violations) pointers.push_back(violation.pointer);
  }
  return pointers;
}

Kind kind_of(std::string_view text, Reading reading = Reading::strict) {
  const auto decoded = decode<Thing>(text, reading);
  REQUIRE_FALSE(decoded.has_value());
  return decoded.error().kind;
}

using Pointers = std::vector<std::string>;

Thing any_thing() {
  Thing thing;
  thing.id.text = "t" + *test::hostile_text();
  thing.name = *test::hostile_text();
  thing.size = *rc::gen::arbitrary<std::int64_t>();
  thing.is_new = *rc::gen::arbitrary<bool>();
  thing.colour = *rc::gen::element(Colour::red, Colour::green);
  thing.made_at.ms = *rc::gen::inRange<std::int64_t>(-62'167'219'200'000, 253'402'300'799'999);
  if (*rc::gen::arbitrary<bool>()) thing.note = *test::hostile_text();
  const auto part = [] { return Part{"p", *rc::gen::inRange<std::int64_t>(1, 1001)}; };
  if (*rc::gen::arbitrary<bool>()) thing.spare = part();
  for (int i = *rc::gen::inRange(0, 6); i > 0; --i) thing.parts.push_back(part());
  thing.tags = *rc::gen::container<std::vector<std::string>>(test::hostile_text());
  thing.version = *rc::gen::element<std::int64_t>(INT64_MIN, INT64_MAX, std::int64_t{1} << 53, (std::int64_t{1} << 31) - 1, 0);
  return thing;
}

}  // namespace

TEST_CASE("a message is read member by member and written the same") {
  const Thing thing = decode<Thing>(whole, Reading::strict).value();
  CHECK(thing.id.text == "t1");
  CHECK(thing.size == 7);
  CHECK(thing.is_new);
  CHECK(thing.colour == Colour::green);
  CHECK(thing.made_at.ms == 1'769'860'800'000);
  CHECK_FALSE(thing.note.has_value());
  CHECK(thing.spare == Part{"lid", 1});
  CHECK(thing.parts == std::vector<Part>{{"side", 4}});
  CHECK(thing.tags == std::vector<std::string>{"a", "b"});
  CHECK(thing.extra.text == R"({"x":[1,{"y":null}]})");
  CHECK(encode(thing) == whole);
}

TEST_CASE("what is encoded decodes to the same message, strictly and leniently") {
  rc::prop("round trip", [] {
    const Thing thing = any_thing();
    RC_PRE(thing.id.text.size() <= 128);
    const std::string text = encode(thing);
    RC_ASSERT(decode<Thing>(text, Reading::strict).value() == thing);
    RC_ASSERT(decode<Thing>(text, Reading::lenient).value() == thing);
    RC_ASSERT(encode(decode<Thing>(text, Reading::strict).value()) == text);
  });
}

TEST_CASE("a missing member is named, an optional one may be missing or null") {
  CHECK(wrong<Thing>(without("name")) == Pointers{"/name"});
  CHECK(kind_of(without("name")) == Kind::malformed);
  CHECK(decode<Thing>(without("note"), Reading::strict).has_value());
  CHECK(decode<Thing>(without("spare"), Reading::strict).value().spare == std::nullopt);
  CHECK(decode<Thing>(with("spare", "null"), Reading::strict).value().spare == std::nullopt);
  CHECK(wrong<Thing>(with("name", "null")) == Pointers{"/name"});
  CHECK(wrong<Thing>("{}") ==
        Pointers{"/id", "/name", "/size", "/is_new", "/colour", "/made_at", "/parts", "/tags", "/extra", "/version"});
}

TEST_CASE("an unknown member is refused in a request and in a configuration, ignored in a reply") {
  CHECK(wrong<Thing>(with("price", "1")) == Pointers{"/price"});
  CHECK(wrong<Thing>(with("spare", R"({"name":"a","count":1,"x":1})")) == Pointers{"/spare/x"});
  CHECK(wrong<Thing>(with("price", "1"), Reading::overlay) == Pointers{"/price"});
  CHECK(decode<Thing>(with("price", "1"), Reading::lenient).has_value());
}

TEST_CASE("pointers name elements by their index, and escape '~' and '/'") {
  CHECK(wrong<Thing>(with("parts", R"([{"name":"a","count":1},{"name":"b"}])")) == Pointers{"/parts/1/count"});
  CHECK(wrong<Thing>(with("tags", R"(["a",2,"c",null])")) == Pointers{"/tags/1", "/tags/3"});
  CHECK(wrong<Thing>(with("a/b~c", "1")) == Pointers{"/a~1b~0c"});
  CHECK(wrong<Thing>("[]") == Pointers{""});
  CHECK(decode<Thing>("[]", Reading::strict).error().detail == "The request must be an object, and is an array.");
}

TEST_CASE("everything that is wrong is reported at once, also in lists behind another wrong member, at most twenty") {
  std::string text = with("parts", R"([{"name":"","count":0}])");
  text.pop_back();
  text.insert(1, "\"early\":1,");
  text += ",\"late\":1}";
  CHECK(wrong<Thing>(text) == Pointers{"/parts/0/name", "/parts/0/count", "/early", "/late"});
  std::string two_wrong = whole;
  two_wrong.replace(two_wrong.find("\"size\":7"), 8, "\"size\":\"x\"");
  two_wrong.replace(two_wrong.find("[\"a\",\"b\"]"), 9, "[\"a\",2]");
  CHECK(wrong<Thing>(two_wrong) == Pointers{"/size", "/tags/1"});
  std::string flood = "{";
  for (int i = 0; i < 100; ++i) flood += (i == 0 ? "\"x" : ",\"x") + std::to_string(i) + "\":1";
  CHECK(wrong<Thing>(flood + "}").size() == Decoding::max_violations);
}

TEST_CASE("an integer is an integer token: no text, no fraction, no exponent, nothing beyond 64 bits") {
  for (const char* value :
       {"\"7\"", "7.0", "7e0", "1e3", "true", "null", "9223372036854775808", "-9223372036854775809", "-0", "[7]"}) {
    INFO(value);
    CHECK(wrong<Thing>(with("size", value)) == Pointers{"/size"});
    CHECK(kind_of(with("size", value)) == Kind::malformed);
  }
  CHECK(decode<Thing>(with("size", "-9223372036854775808"), Reading::strict).value().size == INT64_MIN);
  CHECK(decode<Thing>(with("size", "9223372036854775807"), Reading::strict).value().size == INT64_MAX);
}

TEST_CASE("each type refuses the others") {
  CHECK(wrong<Thing>(with("is_new", "1")) == Pointers{"/is_new"});
  CHECK(wrong<Thing>(with("is_new", "\"true\"")) == Pointers{"/is_new"});
  CHECK(wrong<Thing>(with("name", "1")) == Pointers{"/name"});
  CHECK(wrong<Thing>(with("parts", "{}")) == Pointers{"/parts"});
  CHECK(wrong<Thing>(with("spare", "[]")) == Pointers{"/spare"});
  CHECK(wrong<Thing>(with("extra", "[]")) == Pointers{"/extra"});
  CHECK(wrong<Thing>(with("made_at", "\"yesterday\"")) == Pointers{"/made_at"});
  CHECK(wrong<Thing>(with("made_at", "0")) == Pointers{"/made_at"});
  CHECK(wrong<Thing>(with("colour", "0")) == Pointers{"/colour"});
}

TEST_CASE("a value of the right form out of its limits is invalid, not malformed") {
  CHECK(kind_of(with("spare", R"({"name":"a","count":0})")) == Kind::invalid);
  CHECK(kind_of(with("spare", R"({"name":"a","count":1001})")) == Kind::invalid);
  CHECK(kind_of(with("spare", R"({"name":"","count":1})")) == Kind::invalid);
  CHECK(kind_of(with("spare", R"({"name":"123456789012345678901","count":1})")) == Kind::invalid);
  CHECK(kind_of(with("colour", "\"blue\"")) == Kind::invalid);
  CHECK(decode<Thing>(with("spare", R"({"name":"12345678901234567890","count":1000})"), Reading::strict).has_value());
  CHECK(decode<Thing>(with("colour", "\"blue\""), Reading::strict).error().detail ==
        R"(/colour is "blue", and must be one of red, green.)");
  const std::string six_parts = "[" + std::string(R"({"name":"a","count":1},)") +
                                R"({"name":"a","count":1},{"name":"a","count":1},)" +
                                R"({"name":"a","count":1},{"name":"a","count":1},{"name":"a","count":0}])";
  CHECK(wrong<Thing>(with("parts", six_parts)) == Pointers{"/parts"});
  // One malformed member makes the whole malformed.
  CHECK(kind_of(with("colour", "\"blue\",\"x\":1")) == Kind::malformed);
}

TEST_CASE("texts, lists and ids without limits of their own have default ones") {
  CHECK(decode<Thing>(with("name", "\"" + std::string(4096, 'a') + "\""), Reading::strict).has_value());
  CHECK(wrong<Thing>(with("name", "\"" + std::string(4097, 'a') + "\"")) == Pointers{"/name"});
  CHECK(decode<Thing>(with("id", "\"" + std::string(128, 'a') + "\""), Reading::strict).has_value());
  CHECK(wrong<Thing>(with("id", "\"" + std::string(129, 'a') + "\"")) == Pointers{"/id"});
  CHECK(wrong<Thing>(with("id", "\"\"")) == Pointers{"/id"});
  std::string tags = "[\"a\"";
  for (int i = 0; i < 1000; ++i) tags += ",\"a\"";
  CHECK(wrong<Thing>(with("tags", tags + "]")) == Pointers{"/tags"});
}

TEST_CASE("an id may be an integer in a reply or an event, and only there") {
  CHECK(wrong<Thing>(with("id", "42")) == Pointers{"/id"});
  CHECK(decode<Thing>(with("id", "42"), Reading::lenient).value().id.text == "42");
  CHECK(wrong<Thing>(with("id", "42.5"), Reading::lenient) == Pointers{"/id"});
  CHECK(wrong<Thing>(with("id", "42"), Reading::overlay) == Pointers{"/id"});
}

TEST_CASE("an overlay keeps what it does not name") {
  Thing thing = decode<Thing>(whole, Reading::strict).value();
  Decoding decoding(Reading::overlay);
  decode_value(decoding, json::parse(R"({"size":9,"spare":{"count":2}})").value(), Limits{}, thing);
  CHECK(decoding.ok());
  CHECK(thing.size == 9);
  CHECK(thing.name == "Box");
}

TEST_CASE("names that are repeated in a message are cut between characters, so that the message stays text") {
  std::string long_name(99, 'a');
  for (int i = 0; i < 20; ++i) long_name += "\u20ac";
  const auto unknown = decode<Thing>(with(long_name, "1"), Reading::strict);
  REQUIRE_FALSE(unknown.has_value());
  CHECK(unknown.error().violations.at(0).pointer == "/" + std::string(99, 'a'));
  const auto colour = decode<Thing>(with("colour", "\"" + long_name.substr(60) + "\""), Reading::strict);
  REQUIRE_FALSE(colour.has_value());
  CHECK(json::parse("\"" + colour.error().violations.at(0).pointer + "\"").has_value());
  std::string quoted;
  json::append_string(quoted, colour.error().detail);
  CHECK(json::parse(quoted).has_value());
}

TEST_CASE("enumerations have their wire names in both directions") {
  CHECK(name_of(Colour::green) == "green");
  CHECK(enum_from_name<Colour>("red") == Colour::red);
  CHECK_FALSE(enum_from_name<Colour>("Red").has_value());
  CHECK_FALSE(enum_from_name<Colour>("").has_value());
}

TEST_CASE("who may call what: every access against every role") {
  const auto allowed = [](Access access, Role role) { return check_access(access, {role, "x"}).has_value(); };
  for (const Role role : {Role::anonymous, Role::user, Role::admin, Role::service}) {
    CHECK(allowed(Access::anyone, role));
    CHECK(allowed(Access::user, role) == (role != Role::anonymous));
    CHECK(allowed(Access::owner, role) == (role != Role::anonymous));
    CHECK(allowed(Access::admin, role) == (role == Role::admin));
    CHECK(allowed(Access::service, role) == (role == Role::admin || role == Role::service));
  }
  CHECK(check_access(Access::user, {}).error().kind == Kind::unauthenticated);
  CHECK(check_access(Access::admin, {}).error().kind == Kind::unauthenticated);
  CHECK(check_access(Access::admin, {Role::user, "x"}).error().kind == Kind::forbidden);
}

TEST_CASE("a caller sees what is its own, admins and services see all, nobody without a name sees what has no owner") {
  CHECK(Caller{Role::user, "a"}.may_see("a"));
  CHECK_FALSE(Caller{Role::user, "a"}.may_see("b"));
  CHECK(Caller{Role::admin, ""}.may_see("b"));
  CHECK(Caller{Role::service, "order"}.may_see("b"));
  CHECK_FALSE(Caller{}.may_see(""));
}
