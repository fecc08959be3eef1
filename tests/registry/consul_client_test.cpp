#include "registry/consul_client.hpp"

#include <thread>

#include "registrations.hpp"
#include "registry/announcement.hpp"
#include "served.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using namespace seamline::test;
using registry::Announcement;
using registry::CheckStatus;
using registry::ConsulClient;

namespace {

ConsulClient::Options at(const std::string& url) {
  ConsulClient::Options options;
  options.url = url;
  options.wait_ms = 5'000;
  options.max_instances = 100;
  return options;
}

}  // namespace

TEST_CASE("what a client registers is what another one finds") {
  ManualClock clock;
  ServedRegistry served(clock);
  ConsulClient client(at(served.url()));
  auto registration = with_ttl(instance_of("payment", "payment/1"), 10'000, 60'000);
  registration.meta = {{"seamline_epoch", "3"}};
  registration.tags = {"v1"};
  REQUIRE(client.add(registration));
  CHECK(client.passing_instances("payment", 0).value().instances.empty());
  REQUIRE(served.catalog.update_check("service:payment/1", CheckStatus::passing, ""));
  const auto found = client.passing_instances("payment", 0).value();
  REQUIRE(found.instances.size() == 1);
  CHECK(found.instances[0] == registry::FoundInstance{"payment/1", "127.0.0.1", 8103, {{"seamline_epoch", "3"}}});
  CHECK(found.index == served.catalog.instances_of("payment").index);
  const auto held = served.catalog.find("payment/1").value();
  CHECK(held.registration.tags == registration.tags);
  CHECK(client.knows("payment/1").value());
  REQUIRE(client.remove("payment/1"));
  CHECK(!client.knows("payment/1").value());
  CHECK(client.remove("payment/1"));
}

TEST_CASE("an HTTP check goes through the client with all its numbers") {
  ManualClock clock;
  ServedRegistry served(clock);
  ConsulClient client(at(served.url()));
  auto registration = with_http(instance_of("payment", "p"), "http://127.0.0.1:1/readyz", 10'000);
  registration.checks[0].id = "ready";
  registration.checks[0].name = "is ready";
  registration.checks[0].failures_before_critical = 2;
  registration.checks[0].deregister_after_ms = 90'000;
  REQUIRE(client.add(registration));
  CHECK(served.catalog.take_due_check().value().definition == registration.checks[0]);
}

TEST_CASE("a blocking query of the client returns with the change") {
  ManualClock clock;
  ServedRegistry served(clock);
  ConsulClient client(at(served.url()));
  const auto before = client.passing_instances("payment", 0).value();
  std::thread change([&] { (void)served.catalog.add(instance_of("payment", "p1"), false); });
  const auto after = client.passing_instances("payment", before.index).value();
  change.join();
  CHECK(after.index > before.index);
  CHECK(after.instances.size() == 1);
}

TEST_CASE("an instance without an address is on its node") {
  FalseRegistry registry;
  registry.answer =
      answer_of(200, R"([{"Node":{"Address":"10.0.0.9"},"Service":{"ID":"a","Address":"","Port":80,"Meta":null}}])");
  const auto found = ConsulClient(at(registry.url())).passing_instances("a", 0).value();
  REQUIRE(found.instances.size() == 1);
  CHECK(found.instances[0].address == "10.0.0.9");
  CHECK(found.index == 7);
}

TEST_CASE("hostile answers of a registry are errors, and never instances") {
  FalseRegistry registry;
  ConsulClient client(at(registry.url()));
  std::string many = "[";
  for (int i = 0; i < 101; ++i) many += std::string(i == 0 ? "" : ",") + R"({"Service":{"ID":"a","Address":"h","Port":1}})";
  const auto code_of = [&](const http::Response& answer) {
    registry.answer = answer;
    const auto found = client.passing_instances("payment", 0);
    return found ? std::to_string(found->instances.size()) + " instances" : found.error().code;
  };
  CHECK(code_of(answer_of(200, "<html>")) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, "")) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, "{}")) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, many + "]")) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, std::string(20'000, '['))) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, "[]", "")) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, "[]", "-1")) == "registry.bad_answer");
  CHECK(code_of(answer_of(200, "[]", "99999999999999999999999")) == "registry.bad_answer");
  CHECK(code_of(answer_of(500, "No cluster leader")) == "registry.unavailable");
  CHECK(code_of(answer_of(500, "\xFF\xFE")) == "registry.unavailable");
  CHECK(code_of(answer_of(302, "[]")) == "registry.unavailable");
  CHECK(code_of(answer_of(200, std::string(9 << 20, ' '))) == "registry.unavailable");
  CHECK(code_of(answer_of(200, R"([1,null,{},{"Service":7},{"Service":{"ID":"a","Address":"h","Port":"80"}},)"
                               R"({"Service":{"ID":"a","Address":"h","Port":70000}},{"Service":{"Address":"h","Port":1}},)"
                               R"({"Service":{"ID":"b","Address":"h","Port":1}}])")) == "1 instances");
}

TEST_CASE("an instance registers again by itself when the registry has forgotten it") {
  ManualClock clock;
  auto served = std::make_unique<ServedRegistry>(clock);
  const std::uint16_t port = served->port();
  Announcement announcement(at(served->url()), instance_of("payment", "p1"), 1'000, clock);
  CHECK(announcement.step());
  CHECK(served->catalog.find("p1"));
  CHECK(!announcement.step());
  served.reset();
  clock.advance_ms(1'000);
  CHECK(announcement.step());
  served = std::make_unique<ServedRegistry>(clock, port);
  CHECK(!announcement.step());
  clock.advance_ms(1'000);
  CHECK(announcement.step());
  CHECK(served->catalog.find("p1"));
  announcement.finish();
  announcement.withdraw(2'000);
  CHECK(!served->catalog.find("p1"));
}

TEST_CASE("an instance that the registry knows is not registered anew") {
  ManualClock clock;
  ServedRegistry served(clock);
  Announcement announcement(at(served.url()), with_ttl(instance_of("payment", "p1"), 10'000), 1'000, clock);
  CHECK(announcement.step());
  const auto index = served.catalog.instances_of("payment").index;
  clock.advance_ms(1'000);
  CHECK(announcement.step());
  CHECK(served.catalog.instances_of("payment").index == index);
}
