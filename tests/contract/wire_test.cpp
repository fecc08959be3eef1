#include "contract/wire.hpp"

#include "contract/routes.hpp"
#include "sample.hpp"
#include "support/catch.hpp"
#include "support/hostile_text.hpp"

using namespace seamline;
using sample::AddPart;
using sample::Colour;
using sample::GetThing;
using sample::ListThings;
using sample::LogIn;

namespace {

std::string decoded(std::string_view text, bool plus_is_space = false) {
  const auto plain = percent_decode(text, plus_is_space);
  return plain ? *plain : "refused: " + plain.error().code;
}

/// Sends an encoded request through the router and the decoder, as a server does.
template <Operation Op>
Result<Op> sent(const Op& operation) {
  const EncodedRequest request = encode_request(operation);
  const std::string_view target = request.target;
  const auto question = target.find('?');
  static const RouteTable table({{"thing", Op::name, "", Op::route, Op::access, Op::repeat, {}, {}}});
  const auto match = table.find(Op::route.verb, target.substr(0, question));
  if (match.route == nullptr) return fail({"test.no_route", Kind::not_found}, request.target);
  const std::string_view query = question == std::string_view::npos ? std::string_view() : target.substr(question + 1);
  return decode_request<Op>({{match.parameters.data(), match.parameter_count}, query, request.body});
}

template <Operation Op>
Error refused(std::string_view query, std::string_view body,
              std::vector<std::pair<std::string_view, std::string_view>> path = {}) {
  const auto operation = decode_request<Op>({path, query, body});
  return operation ? Error{} : operation.error();
}

std::vector<std::string> pointers_of(const Error& error) {
  std::vector<std::string> pointers;
  for (const Violation& violation : error.violations) pointers.push_back(violation.pointer);
  return pointers;
}

using Pointers = std::vector<std::string>;
using Path = std::vector<std::pair<std::string_view, std::string_view>>;

std::string some_text() { return "x" + *test::hostile_text(); }

}  // namespace

TEST_CASE("percent encoding leaves the unreserved characters and escapes all others") {
  CHECK(percent_encode("aZ09-._~") == "aZ09-._~");
  CHECK(percent_encode("a b/c?d%e&f=g+h\u00e9") == "a%20b%2Fc%3Fd%25e%26f%3Dg%2Bh%C3%A9");
}

TEST_CASE("percent decoding reads an escape wherever it stands, also at the end, in both cases of its digits") {
  CHECK(decoded("%41") == "A");
  CHECK(decoded("a%2f%2F") == "a//");
  CHECK(decoded("%c3%a9") == "\u00e9");
  CHECK(decoded("a+b") == "a+b");
  CHECK(decoded("a+b%2B", true) == "a b+");
  CHECK(decoded("") == "");
}

TEST_CASE("percent decoding refuses broken escapes, NUL and what is no UTF-8") {
  for (const char* text : {"%",     "a%",  "%4",     "%zz",       "%4g",       "%g4",          "% 41", "%-1", "%u0041", "%00",
                           "a%00b", "%C3", "%C0%AF", "%E0%80%AF", "%ED%A0%80", "%F4%90%80%80", "%FF",  "%80", "\xFF",   "%C3x"}) {
    INFO(text);
    CHECK(decoded(text) == "refused: request.malformed");
  }
}

TEST_CASE("whatever is encoded is decoded to the same") {
  rc::prop("percent round trip", [] {
    const std::string text = *test::hostile_text();
    RC_ASSERT(decoded(percent_encode(text), false) == text);
    RC_ASSERT(decoded(percent_encode(text), true) == text);
  });
}

TEST_CASE("pairs are split before they are decoded") {
  const auto pairs = parse_pairs("a=1%262&b=%3D&c&=d&&e=", true).value();
  const std::vector<std::pair<std::string, std::string>> expected{{"a", "1&2"}, {"b", "="}, {"c", ""}, {"", "d"}, {"e", ""}};
  CHECK(pairs == expected);
  CHECK(parse_pairs("a=b=c", true).value().at(0).second == "b=c");
}

TEST_CASE("a name that stands twice, too many names and broken escapes are refused") {
  CHECK_FALSE(parse_pairs("a=1&a=1", true).has_value());
  CHECK_FALSE(parse_pairs("a=1&%61=2", true).has_value());
  CHECK_FALSE(parse_pairs("a=%", true).has_value());
  CHECK_FALSE(parse_pairs("%=1", true).has_value());
  std::string many;
  for (int i = 0; i < 101; ++i) many += "&p" + std::to_string(i) + "=1";
  CHECK_FALSE(parse_pairs(many, true).has_value());
}

TEST_CASE("requests stand on the wire as HTTP clients write them") {
  CHECK(encode_request(GetThing{{"a/b"}}).target == "/things/a%2Fb");
  CHECK(encode_request(GetThing{{"a"}}).body.empty());
  CHECK(encode_request(ListThings{"s", "me&you", "a=b", 5, true, Colour::green}).target ==
        "/shelves/s/things?owner=me%26you&text=a%3Db&limit=5&is_new=true&colour=green");
  CHECK(encode_request(ListThings{"s", "", {}, {}, {}, {}}).target == "/shelves/s/things?owner=");
  CHECK(encode_request(AddPart{"t", "lid", 2, {}}).target == "/thing/t/parts");
  CHECK(encode_request(AddPart{"t", "lid", 2, {}}).body == R"({"name":"lid","count":2,"note":null})");
  CHECK(encode_request(LogIn{"ada", {"a b&c"}, {}}).body == "user=ada&password=a%20b%26c");
}

TEST_CASE("any request that is encoded is read as the same: in path, query, form and JSON body") {
  rc::prop("path and query", [] {
    ListThings list{some_text(), *test::hostile_text(), {}, {}, {}, {}};
    if (*rc::gen::arbitrary<bool>()) list.text = *test::hostile_text();
    if (*rc::gen::arbitrary<bool>()) list.limit = *rc::gen::inRange<std::int64_t>(1, 101);
    if (*rc::gen::arbitrary<bool>()) list.is_new = *rc::gen::arbitrary<bool>();
    if (*rc::gen::arbitrary<bool>()) list.colour = *rc::gen::element(Colour::red, Colour::green);
    RC_ASSERT(sent(list).value() == list);
  });
  rc::prop("path and body", [] {
    AddPart add{some_text(), *test::hostile_text(), *rc::gen::inRange<std::int64_t>(1, 1001), {}};
    if (*rc::gen::arbitrary<bool>()) add.note = *test::hostile_text();
    RC_ASSERT(sent(add).value() == add);
  });
  rc::prop("form", [] {
    LogIn log_in{*test::hostile_text(), {some_text()}, {}};
    if (*rc::gen::arbitrary<bool>()) log_in.scope = *test::hostile_text();
    RC_ASSERT(sent(log_in).value() == log_in);
  });
}

TEST_CASE("in a query, too, unknown and missing members, wrong types and limits are named") {
  const Path shelf{{"shelf", "s"}};
  CHECK(pointers_of(refused<ListThings>("", "", shelf)) == Pointers{"/owner"});
  CHECK(pointers_of(refused<ListThings>("owner=a&page=2", "", shelf)) == Pointers{"/page"});
  CHECK(pointers_of(refused<ListThings>("owner=a&shelf=x", "", shelf)) == Pointers{"/shelf"});
  for (const char* limit : {"", "x", "5x", "1.0", "1e1", "+5", "%205", "99999999999999999999", "0x5"}) {
    INFO(limit);
    const Error error = refused<ListThings>("owner=a&limit=" + std::string(limit), "", shelf);
    CHECK(pointers_of(error) == Pointers{"/limit"});
    CHECK(error.kind == Kind::malformed);
  }
  CHECK(refused<ListThings>("owner=a&limit=0", "", shelf).kind == Kind::invalid);
  CHECK(refused<ListThings>("owner=a&limit=101", "", shelf).kind == Kind::invalid);
  CHECK(refused<ListThings>("owner=a&colour=blue", "", shelf).kind == Kind::invalid);
  CHECK(pointers_of(refused<ListThings>("owner=a&is_new=1", "", shelf)) == Pointers{"/is_new"});
  CHECK(pointers_of(refused<GetThing>("", "", Path{{"id", std::string_view("%E2%82%AC%E2%82%AC")}})).empty());
  const std::string long_id(129, 'a');
  CHECK(pointers_of(refused<GetThing>("", "", Path{{"id", long_id}})) == Pointers{"/id"});
}

TEST_CASE("a query where no member stands in it is refused, not ignored") {
  CHECK(refused<AddPart>("count=5", R"({"name":"a","count":1})", Path{{"thing", "t"}}).kind == Kind::malformed);
  CHECK(refused<LogIn>("user=ada", "user=ada&password=x").kind == Kind::malformed);
  CHECK(pointers_of(refused<GetThing>("x=1", "", Path{{"id", "t"}})) == Pointers{"/x"});
}

TEST_CASE("a member of the path is not accepted from the body") {
  CHECK(pointers_of(refused<AddPart>("", R"({"thing":"other","name":"a","count":1})", Path{{"thing", "t"}})) ==
        Pointers{"/thing"});
}

TEST_CASE("a body that is missing names the members that it lacks, one that is no object is refused") {
  CHECK(pointers_of(refused<AddPart>("", "", Path{{"thing", "t"}})) == Pointers{"/name", "/count"});
  CHECK(refused<AddPart>("", "[]", Path{{"thing", "t"}}).kind == Kind::malformed);
  CHECK(refused<AddPart>("", "null", Path{{"thing", "t"}}).kind == Kind::malformed);
  CHECK(refused<AddPart>("", "{", Path{{"thing", "t"}}).code == "request.malformed_json");
}

TEST_CASE("a password is never repeated in a message") {
  const Error error = refused<LogIn>("", "user=ada&password=" + std::string(5000, 'S'));
  CHECK(error.kind == Kind::invalid);
  CHECK(error.detail.find("SSS") == std::string::npos);
}

TEST_CASE("a reply has its status, Location and ETag") {
  sample::Thing thing;
  thing.id.text = "a/b\r\nX: y";
  thing.version = 3;
  const Answer made = encode_reply<AddPart>(thing);
  CHECK(made.status == 201);
  CHECK(made.location == "/things/a%2Fb%0D%0AX%3A%20y");
  CHECK(made.etag == "\"v3\"");
  CHECK(encode_reply<GetThing>(thing).status == 200);
  CHECK(encode_reply<GetThing>(thing).location.empty());
  CHECK(encode_reply<LogIn>({}).etag.empty());
}
