#include "registry/discovered_endpoints.hpp"

#include <map>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using registry::DiscoveredEndpoints;
using test::ManualClock;

namespace {

using Urls = std::vector<std::string>;

/// Endpoints of three failures, on a clock of their own.
struct Balanced {
  explicit Balanced(const Urls& urls, const std::string& configured = "http://configured")
      : endpoints(configured, {.failures = 3, .eject_ms = 1'000, .max_eject_ms = 2'500, .hold_ms = 5'000}, clock) {
    endpoints.set_urls(urls);
  }
  std::string next() { return endpoints.choose().value(); }
  void fail(const std::string& url, int times = 3) {
    for (int i = 0; i < times; ++i) endpoints.report(url, false);
  }
  bool has(const std::string& url) const {
    const Urls urls = endpoints.available();
    return std::find(urls.begin(), urls.end(), url) != urls.end();
  }

  ManualClock clock;
  DiscoveredEndpoints endpoints;
};

}  // namespace

TEST_CASE("requests go to the instances in turn") {
  Balanced balanced({"http://a", "http://b", "http://c"});
  std::map<std::string, int> counts;
  for (int i = 0; i < 30; ++i) ++counts[balanced.next()];
  CHECK(counts == std::map<std::string, int>{{"http://a", 10}, {"http://b", 10}, {"http://c", 10}});
}

TEST_CASE("the configured url is used until an instance is found, and an error tells where there is none of either") {
  Balanced balanced({});
  CHECK(balanced.next() == "http://configured");
  balanced.endpoints.set_urls({"http://a"});
  CHECK(balanced.next() == "http://a");
  Balanced nowhere({}, "");
  const auto chosen = nowhere.endpoints.choose();
  REQUIRE(!chosen);
  CHECK(chosen.error().code == "call.no_instance");
  CHECK(chosen.error().kind == Kind::unavailable);
  CHECK(!chosen.error().may_have_run);
}

TEST_CASE("a list that becomes empty is not believed for a while") {
  Balanced balanced({"http://a"});
  balanced.endpoints.set_urls({});
  balanced.clock.advance_ms(4'999);
  balanced.endpoints.set_urls({});
  CHECK(balanced.next() == "http://a");
  balanced.clock.advance_ms(1);
  CHECK(balanced.next() == "http://configured");
  balanced.endpoints.set_urls({"http://b"});
  balanced.clock.advance_ms(10'000);
  CHECK(balanced.next() == "http://b");
}

TEST_CASE("an instance that fails several times in a row is left out, and comes back after its time") {
  Balanced balanced({"http://a", "http://b"});
  balanced.fail("http://a", 2);
  CHECK(balanced.has("http://a"));
  balanced.fail("http://a", 1);
  CHECK(!balanced.has("http://a"));
  for (int i = 0; i < 4; ++i) CHECK(balanced.next() == "http://b");
  balanced.clock.advance_ms(999);
  CHECK(!balanced.has("http://a"));
  balanced.clock.advance_ms(1);
  CHECK(balanced.has("http://a"));
}

TEST_CASE("an answer between failures starts their count anew") {
  Balanced balanced({"http://a", "http://b"});
  for (int i = 0; i < 5; ++i) {
    balanced.fail("http://a", 2);
    balanced.endpoints.report("http://a", true);
  }
  CHECK(balanced.has("http://a"));
}

TEST_CASE("an instance that goes on failing is left out longer each time, up to the maximum") {
  Balanced balanced({"http://a", "http://b"});
  for (const std::int64_t out_ms : {1'000, 2'000, 2'500, 2'500}) {
    balanced.fail("http://a");
    balanced.clock.advance_ms(out_ms - 1);
    CHECK(!balanced.has("http://a"));
    balanced.clock.advance_ms(1);
    CHECK(balanced.has("http://a"));
  }
  balanced.endpoints.report("http://a", true);
  balanced.fail("http://a");
  balanced.clock.advance_ms(1'000);
  CHECK(balanced.has("http://a"));
}

TEST_CASE("the last instance is never left out, and never more than half of them") {
  Balanced one({"http://a"});
  one.fail("http://a", 100);
  CHECK(one.has("http://a"));
  Balanced three({"http://a", "http://b", "http://c"});
  three.fail("http://a");
  three.fail("http://b");
  CHECK(three.endpoints.available() == Urls{"http://b", "http://c"});
  Balanced four({"http://a", "http://b", "http://c", "http://d"});
  for (const char* url : {"http://a", "http://b", "http://c", "http://d"}) four.fail(url);
  CHECK(four.endpoints.available() == Urls{"http://c", "http://d"});
}

TEST_CASE("a new list keeps what is known of those that stay, and one of ejected ones alone is used all the same") {
  Balanced balanced({"http://a", "http://b"});
  balanced.fail("http://a");
  balanced.endpoints.set_urls({"http://a", "http://c", "http://c"});
  CHECK(balanced.endpoints.available() == Urls{"http://c"});
  balanced.endpoints.set_urls({"http://a"});
  CHECK(balanced.next() == "http://a");
}

TEST_CASE("a report on an address that is not known changes nothing") {
  Balanced balanced({"http://a", "http://b"});
  balanced.fail("http://configured", 100);
  CHECK(balanced.endpoints.available() == Urls{"http://a", "http://b"});
}

TEST_CASE("whatever fails, at least half of the instances are used and one is always chosen") {
  rc::prop("at least half of the instances are used", [] {
    const auto size = *rc::gen::inRange<std::size_t>(1, 8);
    Urls urls;
    for (std::size_t i = 0; i < size; ++i) urls.push_back("http://" + std::to_string(i));
    Balanced balanced(urls, "");
    for (const auto step : *rc::gen::container<std::vector<unsigned>>(200, rc::gen::arbitrary<unsigned>())) {
      balanced.endpoints.report(urls[step % size], step % 11 == 0);
      balanced.clock.advance_ms(step % 97);
      RC_ASSERT(balanced.endpoints.available().size() * 2 >= size);
      RC_ASSERT(balanced.endpoints.choose().has_value());
    }
  });
}
