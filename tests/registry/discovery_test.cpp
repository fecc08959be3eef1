#include "registry/discovery.hpp"

#include "registrations.hpp"
#include "served.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::test;
using registry::Discovery;
using registry::FoundInstance;
using registry::next_index;
using registry::urls_of;

namespace {

using Urls = std::vector<std::string>;

/// A discovery of `payment` at a registry, stepped by hand.
struct Followed {
  explicit Followed(const std::string& url) : discovery(client(url), "payment", endpoints, Discovery::Options(), clock, random) {}
  static registry::ConsulClient::Options client(const std::string& url) {
    registry::ConsulClient::Options options;
    options.url = url;
    options.wait_ms = 20;
    return options;
  }
  /// One query, at a time at which one is allowed.
  bool query() {
    clock.advance_ms(200);
    return discovery.step();
  }

  ManualClock clock;
  SeededRandom random{1};
  registry::DiscoveredEndpoints endpoints{"http://configured", clock};
  Discovery discovery;
};

std::string entry(const std::string& id, const std::string& address, int port, const std::string& epoch = {}) {
  const std::string meta = epoch.empty() ? "null" : R"({"seamline_epoch":")" + epoch + "\"}";
  return R"({"Service":{"ID":")" + id + R"(","Address":")" + address + R"(","Port":)" + std::to_string(port) + R"(,"Meta":)" +
         meta + "}}";
}

}  // namespace

TEST_CASE("the index of a blocking query starts anew when it went backwards, and is never 0 else") {
  CHECK(next_index(0, 5) == 5);
  CHECK(next_index(5, 9) == 9);
  CHECK(next_index(5, 5) == 5);
  CHECK(next_index(9, 5) == 0);
  CHECK(next_index(0, 0) == 1);
}

TEST_CASE("an instance becomes a url, unless its address would give the url another meaning") {
  CHECK(urls_of({{"a", "a.test", 80, {}}, {"b", "::1", 81, {}}, {"c", "host-1.example", 82, {}}}) ==
        Urls{"http://a.test:80", "http://[::1]:81", "http://host-1.example:82"});
  CHECK(urls_of({{"a", "evil/x?", 80, {}}, {"b", "user@host", 80, {}}, {"c", "", 80, {}}, {"d", "a b", 80, {}}}).empty());
}

TEST_CASE("of instances that say their epoch only the highest is used") {
  const auto with_epoch = [](const std::string& id, std::int64_t port, const std::string& epoch) {
    return FoundInstance{id, "h", port, {{"seamline_epoch", epoch}}};
  };
  CHECK(urls_of({with_epoch("a", 1, "9"), with_epoch("b", 2, "10"), {"c", "h", 3, {}}, with_epoch("d", 4, "x")}) ==
        Urls{"http://h:2"});
}

TEST_CASE("discovery follows the registry") {
  ManualClock registry_clock;
  ServedRegistry served(registry_clock);
  Followed followed(served.url());
  CHECK(followed.query());
  CHECK(followed.endpoints.choose().value() == "http://configured");
  REQUIRE(served.catalog.add(instance_of("payment", "p1"), false));
  CHECK(followed.query());
  CHECK(followed.endpoints.choose().value() == "http://127.0.0.1:8103");
  REQUIRE(served.catalog.set_maintenance("p1", true, ""));
  auto other = instance_of("payment", "p2");
  other.port = 9000;
  REQUIRE(served.catalog.add(other, false));
  CHECK(followed.query());
  CHECK(followed.endpoints.available() == Urls{"http://127.0.0.1:9000"});
}

TEST_CASE("errors keep what was found last, and make discovery wait longer each time") {
  FalseRegistry registry;
  Followed followed(registry.url());
  registry.answer = answer_of(200, "[" + entry("a", "a.test", 80) + "]");
  CHECK(followed.query());
  std::int64_t longest_ms = 0;
  for (int round = 0; round < 3; ++round) {
    for (const auto& answer :
         {answer_of(500, "no leader"), answer_of(200, "garbage"), answer_of(200, "[]", ""), answer_of(404, "")}) {
      registry.answer = answer;
      std::int64_t waited_ms = 200;
      for (; !followed.query(); waited_ms += 200) REQUIRE(waited_ms < 10'400);
      longest_ms = std::max(longest_ms, waited_ms);
      CHECK(followed.endpoints.choose().value() == "http://a.test:80");
    }
  }
  CHECK(longest_ms > 1'000);
  registry.answer = answer_of(200, "[" + entry("b", "b.test", 80) + "]");
  while (!followed.query()) {
  }
  CHECK(followed.endpoints.choose().value() == "http://b.test:80");
}

TEST_CASE("answers without a pause do not make discovery a busy loop") {
  FalseRegistry registry;
  registry.answer = answer_of(200, "[]");
  Followed followed(registry.url());
  int queries = 0;
  for (int i = 0; i < 100; ++i) queries += followed.discovery.step() ? 1 : 0;
  CHECK(queries == 2);
  followed.clock.advance_ms(199);
  CHECK(!followed.discovery.step());
  followed.clock.advance_ms(1);
  CHECK(followed.discovery.step());
  CHECK(!followed.discovery.step());
}

TEST_CASE("a registry that was restarted, with indexes that went backwards, is followed on") {
  FalseRegistry registry;
  Followed followed(registry.url());
  registry.answer = answer_of(200, "[" + entry("a", "a.test", 80) + "]", "900");
  CHECK(followed.query());
  registry.answer = answer_of(200, "[" + entry("a", "b.test", 80) + "]", "3");
  CHECK(followed.query());
  CHECK(followed.query());
  CHECK(followed.endpoints.choose().value() == "http://b.test:80");
}

TEST_CASE("a discovery that is finished asks no more") {
  FalseRegistry registry;
  registry.answer = answer_of(200, "[]");
  Followed followed(registry.url());
  followed.discovery.finish();
  CHECK(!followed.query());
}
