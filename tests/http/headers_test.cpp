#include "http/headers.hpp"

#include "support/catch.hpp"

using namespace seamline;
using http::Headers;

namespace {

Headers with(std::initializer_list<std::pair<std::string, std::string>> fields) {
  Headers headers;
  for (const auto& [name, value] : fields) headers.add(name, value);
  return headers;
}

std::string key_of(const std::string& value) {
  const auto key = http::read_idempotency_key(with({{"Idempotency-Key", value}}));
  return key ? *key : "refused: " + key.error().code;
}

std::int64_t wait_of(const std::string& value) { return http::read_wait_ms(with({{"Prefer", value}})); }

const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

TEST_CASE("header names compare without regard to case, and the first of several is read") {
  const Headers headers = with({{"X-A", "1"}, {"x-a", "2"}});
  CHECK(headers.get("X-a") == "1");
  CHECK(headers.count("x-A") == 2);
  CHECK(headers.has("x-a"));
  CHECK_FALSE(headers.has("x-ab"));
  CHECK(headers.get("none").empty());
}

TEST_CASE("a usable request id is taken over, any other counts as none") {
  const auto id_of = [](const std::string& value) { return http::read_request_id(with({{"x-request-id", value}})); };
  CHECK(id_of("0190aB.c_d-9") == "0190aB.c_d-9");
  CHECK(id_of(std::string(128, 'a')).size() == 128);
  for (const std::string& bad : {std::string(), std::string(129, 'a'), std::string("a b"), std::string("a/b"),
                                 std::string("<script>"), std::string("\u00e9"), std::string("a\"b")}) {
    CHECK(id_of(bad).empty());
  }
  CHECK(http::read_request_id({}).empty());
}

TEST_CASE("an idempotency key may come bare or quoted, once, as 1 to 128 visible characters") {
  CHECK(key_of("8e03978e-40d5") == "8e03978e-40d5");
  CHECK(key_of("\"8e03978e-40d5\"") == "8e03978e-40d5");
  CHECK(key_of(std::string(128, 'k')).size() == 128);
  CHECK(key_of("\"" + std::string(128, 'k') + "\"").size() == 128);
  for (const std::string& bad :
       {std::string(), std::string("\"\""), std::string("\""), std::string("a b"), std::string("\"a"), std::string("a\"b"),
        std::string("a\\b"), std::string(129, 'k'), std::string("\u00e9"), std::string("a\tb")}) {
    INFO(bad);
    CHECK(key_of(bad) == "refused: idempotency.bad_key");
  }
  CHECK(http::read_idempotency_key({}).value().empty());
  const auto twice = http::read_idempotency_key(with({{"Idempotency-Key", "a"}, {"idempotency-key", "a"}}));
  REQUIRE_FALSE(twice.has_value());
  CHECK(twice.error().kind == Kind::malformed);
}

TEST_CASE("Prefer: wait is read in seconds, among other preferences, and is at most thirty") {
  CHECK(wait_of("wait=5") == 5000);
  CHECK(wait_of("WAIT=5") == 5000);
  CHECK(wait_of("respond-async, wait=10") == 10'000);
  CHECK(wait_of("respond-async,\twait=10 ,x") == 10'000);
  CHECK(wait_of("wait=30") == 30'000);
  CHECK(wait_of("wait=31") == 30'000);
  CHECK(wait_of("wait=9223372036854775807") == 30'000);
  CHECK(http::read_wait_ms({}) == 0);
}

TEST_CASE("a wait that is no number of seconds is no wait") {
  for (const char* value : {"", "wait", "wait=", "wait=-1", "wait=x", "wait=5s", "wait=1.5", "wait=99999999999999999999",
                            "waiting=5", "await=5", ",,,"}) {
    INFO(value);
    CHECK(wait_of(value) == 0);
  }
}

TEST_CASE("a traceparent is passed on only where it is valid (W3C Trace Context, section 3.2)") {
  const auto read = [](const std::string& value) { return http::read_traceparent(with({{"traceparent", value}})); };
  CHECK(read(trace) == trace);
  for (const std::string& bad :
       {std::string(), trace.substr(1), trace + "0", "ff" + trace.substr(2), "01" + trace.substr(2) + "x",
        "00-" + std::string(32, '0') + trace.substr(35), trace.substr(0, 36) + std::string(16, '0') + "-01",
        std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"), trace.substr(0, 53) + "0g",
        trace.substr(0, 35) + "_" + trace.substr(36)}) {
    INFO(bad);
    CHECK(read(bad).empty());
  }
  CHECK(http::read_traceparent(with({{"traceparent", trace}, {"traceparent", trace}})).empty());
  CHECK(read("01" + trace.substr(2) + "-of-a-later-version") == trace);
}

TEST_CASE("a tracestate goes with a valid traceparent, from all its fields, and with nothing else") {
  const auto read = [](http::Headers headers) {
    return http::read_context(headers, http::Peer::client, Clock::system()).value().tracestate;
  };
  CHECK(read(with({{"traceparent", trace}, {"tracestate", "a=1"}, {"TraceState", "b=2"}})) == "a=1,b=2");
  CHECK(read(with({{"tracestate", "a=1"}})).empty());
  CHECK(read(with({{"traceparent", "00-nonsense"}, {"tracestate", "a=1"}})).empty());
  CHECK(read(with({{"traceparent", trace}, {"tracestate", "A=\x01"}})).empty());
  CallContext context;
  context.tracestate = "a=1";
  CHECK_FALSE(http::write_context(context, Clock::system()).has("tracestate"));
  context.traceparent = trace;
  CHECK(http::write_context(context, Clock::system()).get("tracestate") == "a=1");
}

TEST_CASE("If-None-Match has a list of tags, weak ones too, or a star") {
  const auto matches = [](const std::string& value) { return http::matches_etag(with({{"If-None-Match", value}}), "\"v2\""); };
  CHECK(matches("\"v2\""));
  CHECK(matches("W/\"v2\""));
  CHECK(matches("\"v1\", \"v2\""));
  CHECK(matches("*"));
  CHECK_FALSE(matches("\"v1\""));
  CHECK_FALSE(matches("v2"));
  CHECK_FALSE(matches("\"v22\""));
  CHECK_FALSE(matches(""));
  CHECK_FALSE(http::matches_etag({}, "\"v2\""));
}
