#include "registry/catalog.hpp"

#include <atomic>
#include <thread>

#include "registrations.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::test;
using registry::Catalog;
using registry::CheckDefinition;
using registry::CheckStatus;

namespace {

CheckStatus status_of(const Catalog& catalog, const std::string& id) { return catalog.find(id).value().status(); }

}  // namespace

TEST_CASE("a new check is critical until its instance speaks, and again when it has been silent for the TTL") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p1"), 10'000), false));
  CHECK(status_of(catalog, "p1") == CheckStatus::critical);
  REQUIRE(catalog.update_check("service:p1", CheckStatus::passing, "fine"));
  CHECK(status_of(catalog, "p1") == CheckStatus::passing);
  clock.advance_ms(9'999);
  CHECK(!catalog.expire());
  CHECK(status_of(catalog, "p1") == CheckStatus::passing);
  clock.advance_ms(1);
  CHECK(catalog.expire());
  CHECK(status_of(catalog, "p1") == CheckStatus::critical);
  CHECK(catalog.find("p1")->checks.front().output == "TTL expired");
  REQUIRE(catalog.update_check("service:p1", CheckStatus::warning, ""));
  CHECK(status_of(catalog, "p1") == CheckStatus::warning);
}

TEST_CASE("an instance without a check is passing") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(instance_of("payment", ""), false));
  CHECK(status_of(catalog, "payment") == CheckStatus::passing);
}

TEST_CASE("an instance that stays critical is forgotten, not before a minute whatever it asked for") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p1"), 1'000, 5'000), false));
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p2"), 1'000, 90'000), false));
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p3"), 1'000), false));
  clock.advance_ms(59'999);
  catalog.expire();
  CHECK(catalog.instances_of("payment").instances.size() == 3);
  clock.advance_ms(1);
  CHECK(catalog.expire());
  CHECK(!catalog.find("p1"));
  CHECK(catalog.find("p2"));
  clock.advance_ms(30'000);
  CHECK(catalog.expire());
  CHECK(!catalog.find("p2"));
  clock.advance_ms(1'000'000'000);
  catalog.expire();
  CHECK(catalog.find("p3"));
}

TEST_CASE("the time until an instance is forgotten starts anew each time it turns critical") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p1"), 100'000, 60'000), false));
  clock.advance_ms(59'000);
  REQUIRE(catalog.update_check("service:p1", CheckStatus::passing, ""));
  clock.advance_ms(2'000);
  REQUIRE(catalog.update_check("service:p1", CheckStatus::critical, ""));
  clock.advance_ms(59'999);
  catalog.expire();
  CHECK(catalog.find("p1"));
  clock.advance_ms(1);
  catalog.expire();
  CHECK(!catalog.find("p1"));
}

TEST_CASE("a change of status or registration raises the index of its service and of no other, a repeated word does not") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p1"), 10'000), false));
  REQUIRE(catalog.add(instance_of("order", "o1"), false));
  const auto payment = catalog.instances_of("payment").index;
  const auto order = catalog.instances_of("order").index;
  CHECK(order > payment);
  REQUIRE(catalog.update_check("service:p1", CheckStatus::passing, "a"));
  const auto passing = catalog.instances_of("payment").index;
  CHECK(passing > order);
  REQUIRE(catalog.update_check("service:p1", CheckStatus::passing, "b"));
  CHECK(catalog.instances_of("payment").index == passing);
  CHECK(catalog.find("p1")->checks.front().output == "b");
  CHECK(catalog.instances_of("order").index == order);
  CHECK(catalog.services().index == order);
}

TEST_CASE("the index of a service that has gone rises, and so it does when the service comes back") {
  ManualClock clock;
  Catalog catalog(clock);
  const auto unknown = catalog.instances_of("payment").index;
  CHECK(unknown > 0);
  REQUIRE(catalog.add(instance_of("payment", "p1"), false));
  const auto there = catalog.instances_of("payment").index;
  CHECK(there > unknown);
  REQUIRE(catalog.remove("p1"));
  const auto gone = catalog.instances_of("payment").index;
  CHECK(gone > there);
  REQUIRE(catalog.add(instance_of("payment", "p1"), false));
  CHECK(catalog.instances_of("payment").index > gone);
}

TEST_CASE("the indexes of a registry that was restarted are above those of its life before") {
  ManualClock clock;
  std::uint64_t before = 0;
  {
    Catalog catalog(clock);
    REQUIRE(catalog.add(instance_of("payment", "p1"), false));
    before = catalog.instances_of("payment").index;
  }
  clock.advance_ms(1'000);
  const Catalog catalog(clock);
  CHECK(catalog.instances_of("payment").index > before);
}

TEST_CASE("who registers again keeps the status of its checks, and drops the others only if it says so") {
  ManualClock clock;
  Catalog catalog(clock);
  auto first = with_ttl(instance_of("payment", "p1"), 10'000);
  first.checks.front().id = "alive";
  REQUIRE(catalog.add(first, false));
  REQUIRE(catalog.update_check("alive", CheckStatus::passing, "fine"));
  const auto created = catalog.find("p1")->create_index;
  REQUIRE(catalog.add(first, false));
  CHECK(status_of(catalog, "p1") == CheckStatus::passing);
  CHECK(catalog.find("p1")->create_index == created);
  // A repeated registration is no sign of life.
  clock.advance_ms(10'000);
  catalog.expire();
  CHECK(status_of(catalog, "p1") == CheckStatus::critical);

  auto second = with_ttl(instance_of("payment", "p1"), 10'000);
  second.checks.front().id = "other";
  REQUIRE(catalog.add(second, false));
  CHECK(catalog.find("p1")->checks.size() == 2);
  REQUIRE(catalog.add(second, true));
  REQUIRE(catalog.find("p1")->checks.size() == 1);
  CHECK(catalog.find("p1")->checks.front().id == "other");
}

TEST_CASE("an instance that registers under another name leaves its old service") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(instance_of("payment", "x"), false));
  const auto before = catalog.instances_of("payment").index;
  REQUIRE(catalog.add(instance_of("billing", "x"), false));
  CHECK(catalog.instances_of("payment").instances.empty());
  CHECK(catalog.instances_of("payment").index > before);
  CHECK(catalog.instances_of("billing").instances.size() == 1);
}

TEST_CASE("an instance in maintenance is critical until that ends") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(instance_of("payment", "p1"), false));
  REQUIRE(catalog.set_maintenance("p1", true, "moving"));
  CHECK(status_of(catalog, "p1") == CheckStatus::critical);
  CHECK(catalog.find("p1")->checks.front().notes == "moving");
  REQUIRE(catalog.add(instance_of("payment", "p1"), true));
  CHECK(status_of(catalog, "p1") == CheckStatus::critical);
  REQUIRE(catalog.set_maintenance("p1", false, ""));
  CHECK(status_of(catalog, "p1") == CheckStatus::passing);
  CHECK(catalog.set_maintenance("nobody", true, "").error().code == "registry.unknown_service");
}

TEST_CASE("an HTTP check takes its turn at once, then after each interval, and never twice at a time") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_http(instance_of("payment", "p1"), "http://127.0.0.1:1/readyz", 5'000), false));
  const auto due = catalog.take_due_check();
  REQUIRE(due);
  CHECK(due->definition.http == "http://127.0.0.1:1/readyz");
  CHECK(!catalog.take_due_check());
  catalog.record(*due, CheckStatus::passing, "ok");
  CHECK(status_of(catalog, "p1") == CheckStatus::passing);
  clock.advance_ms(4'999);
  CHECK(!catalog.take_due_check());
  clock.advance_ms(1);
  CHECK(catalog.take_due_check());
}

TEST_CASE("the HTTP check that has waited longest is next") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_http(instance_of("payment", "b"), "http://127.0.0.1:1/", 1'000), false));
  clock.advance_ms(10);
  REQUIRE(catalog.add(with_http(instance_of("payment", "a"), "http://127.0.0.1:1/", 1'000), false));
  CHECK(catalog.take_due_check()->service_id == "b");
  CHECK(catalog.take_due_check()->service_id == "a");
}

TEST_CASE("a check changes its status only after as many results in a row as it asks for") {
  ManualClock clock;
  Catalog catalog(clock);
  auto registration = with_http(instance_of("payment", "p1"), "http://127.0.0.1:1/", 1'000);
  registration.checks.front().successes_before_passing = 2;
  registration.checks.front().failures_before_critical = 3;
  REQUIRE(catalog.add(registration, false));
  const auto run = [&](CheckStatus status) {
    clock.advance_ms(1'000);
    catalog.record(catalog.take_due_check().value(), status, "");
    return status_of(catalog, "p1");
  };
  CHECK(run(CheckStatus::passing) == CheckStatus::critical);
  CHECK(run(CheckStatus::passing) == CheckStatus::passing);
  CHECK(run(CheckStatus::critical) == CheckStatus::passing);
  CHECK(run(CheckStatus::critical) == CheckStatus::passing);
  CHECK(run(CheckStatus::passing) == CheckStatus::passing);
  CHECK(run(CheckStatus::critical) == CheckStatus::passing);
  CHECK(run(CheckStatus::critical) == CheckStatus::passing);
  CHECK(run(CheckStatus::critical) == CheckStatus::critical);
}

TEST_CASE("a result for a check that was replaced meanwhile is ignored") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_http(instance_of("payment", "p1"), "http://127.0.0.1:1/", 1'000), false));
  const auto due = catalog.take_due_check().value();
  REQUIRE(catalog.add(with_http(instance_of("payment", "p1"), "http://127.0.0.1:2/", 1'000), true));
  catalog.record(due, CheckStatus::passing, "");
  CHECK(status_of(catalog, "p1") == CheckStatus::critical);
  CHECK(catalog.take_due_check()->definition.http == "http://127.0.0.1:2/");
  REQUIRE(catalog.remove("p1"));
  catalog.record(due, CheckStatus::passing, "");
  CHECK(!catalog.find("p1"));
}

TEST_CASE("what a checked server answers is kept as text, whatever bytes it was") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_http(instance_of("payment", "p1"), "http://127.0.0.1:1/", 1'000), false));
  catalog.record(catalog.take_due_check().value(), CheckStatus::passing, std::string("ok \xFF\x00 more", 10));
  CHECK(catalog.find("p1")->checks.front().output == "ok ");
  clock.advance_ms(1'000);
  catalog.record(catalog.take_due_check().value(), CheckStatus::passing, std::string(1'000'000, 'x'));
  CHECK(catalog.find("p1")->checks.front().output.size() == 4'096);
}

TEST_CASE("a registration that breaks a rule or a limit is refused and changes nothing") {
  ManualClock clock;
  const Catalog::Limits limits{.max_instances = 2, .max_checks = 1, .max_tags = 2, .max_text_bytes = 20};
  Catalog catalog(clock, limits);
  const auto refuses = [&](auto change, const char* code = "registry.invalid") {
    auto registration = instance_of("payment", "p1");
    change(registration);
    const auto added = catalog.add(registration, false);
    return !added && added.error().code == code && catalog.all_instances().empty();
  };
  CHECK(refuses([](auto& registration) { registration = instance_of("", ""); }));
  CHECK(refuses([](auto& registration) { registration.port = 65'536; }));
  CHECK(refuses([](auto& registration) { registration.name = std::string(21, 'x'); }));
  CHECK(refuses([](auto& registration) { registration.tags = {"a", "b", "c"}; }));
  CHECK(refuses([](auto& registration) { registration.meta = {{"a", std::string(21, 'x')}}; }));
  CHECK(refuses([](auto& registration) { registration.checks.emplace_back(); }));
  CHECK(refuses([](auto& registration) { registration = with_ttl(with_ttl(registration, 1), 1); }));
  CHECK(refuses([](auto& registration) { registration = with_http(registration, "ftp://h/", 1'000); }));
  CHECK(refuses([](auto& registration) { registration = with_http(registration, "http://127.0.0.1/\r\nX: 1", 1'000); }));
  CHECK(refuses([](auto& registration) { registration = with_http(registration, "http://127.0.0.1/", 0); }));
  CHECK(refuses([](auto& registration) {
    registration = with_http(registration, "http://127.0.0.1/", 1'000);
    registration.checks.front().header.emplace_back("X", "a\r\nY: b");
  }));
  REQUIRE(catalog.add(instance_of("payment", "p1"), false));
  REQUIRE(catalog.add(instance_of("payment", "p2"), false));
  REQUIRE(catalog.add(instance_of("payment", "p2"), false));
  CHECK(catalog.add(instance_of("payment", "p3"), false).error().code == "registry.too_many");
}

TEST_CASE("a check only looks: it has no method but GET and HEAD, no body, and no header that says who asks or where it ends") {
  ManualClock clock;
  Catalog catalog(clock);
  const auto takes = [&](auto change) {
    auto registration = with_http(instance_of("payment", "p1"), "http://127.0.0.1:8103/readyz", 1'000);
    change(registration.checks.front());
    const auto added = catalog.add(registration, true);
    CHECK((added || added.error().code == "registry.invalid"));
    return added.has_value();
  };
  CHECK(takes([](CheckDefinition& check) { check.method = "HEAD"; }));
  CHECK(takes([](CheckDefinition& check) { check.header = {{"X-Probe", "yes"}, {"Accept", "text/plain"}}; }));
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "get", ""}) {
    INFO(method);
    CHECK(!takes([&](CheckDefinition& check) { check.method = method; }));
  }
  CHECK(!takes([](CheckDefinition& check) { check.body = "{}"; }));
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "Connection", "Seamline-Caller-Role", "seamline-caller",
                           "SEAMLINE-Anything", "Authorization", "authorization"}) {
    INFO(name);
    CHECK(!takes([&](CheckDefinition& check) { check.header = {{"X-Probe", "yes"}, {name, "1"}}; }));
  }
}

TEST_CASE("a check asks the host of its instance and no other") {
  ManualClock clock;
  const auto takes = [&](bool is_on_loopback, const std::string& address, const std::string& url) {
    Catalog catalog(clock, {.is_on_loopback = is_on_loopback});
    auto registration = instance_of("payment", "p1");
    registration.address = address;
    const auto added = catalog.add(with_http(registration, url, 1'000), false);
    CHECK((added || added.error().code == "registry.invalid"));
    return added.has_value();
  };
  for (const bool is_on_loopback : {false, true}) {
    CHECK(takes(is_on_loopback, "payment.test", "http://payment.test:8103/readyz"));
    CHECK(takes(is_on_loopback, "order.test", "http://Order.test/health?deep=1"));
    CHECK(takes(is_on_loopback, "fd00::5", "http://[fd00::5]:8103"));
    CHECK(takes(is_on_loopback, "127.0.0.1", "http://127.0.0.1:8103/health"));
    for (const char* url :
         {"http://elsewhere.test/latest", "http://127.0.0.1:8104/products", "http://payment.test.evil.example/",
          "http://payment.test@127.0.0.1/", "http://127.0.0.1:80@payment.test/", "http://payment.test:80:81/",
          "http://payment.test:/", "http://payment.test:99999/", "http://payment.test:0/", "http://payment.test%2f/", "http://",
          "http:///readyz", "http://[payment.test/", "https://payment.test/"}) {
      INFO(url);
      CHECK(!takes(is_on_loopback, "payment.test", url));
    }
    CHECK(!takes(is_on_loopback, "127.0.0.1@evil.example", "http://127.0.0.1@evil.example/"));
    CHECK(!takes(is_on_loopback, "", "http://payment.test:8103/readyz"));
    // Who is at the same machine as the registry need not say where that is; from elsewhere it would be another machine.
    CHECK(takes(is_on_loopback, "", "http://127.0.0.1:8103/health") == is_on_loopback);
    CHECK(takes(is_on_loopback, "", "http://localhost:8103/health") == is_on_loopback);
    CHECK(takes(is_on_loopback, "127.0.0.1", "http://localhost:8103/health") == is_on_loopback);
    CHECK(!takes(is_on_loopback, "", "http://127.evil.example/"));
  }
}

TEST_CASE("a check's id belongs to the instance that registered it, and nobody else takes it") {
  ManualClock clock;
  Catalog catalog(clock);
  auto first = with_ttl(instance_of("payment", "p2"), 10'000);
  first.checks.front().id = "alive";
  REQUIRE(catalog.add(first, false));
  auto second = with_ttl(instance_of("order", "o1"), 10'000);
  second.checks.front().id = "alive";
  const auto added = catalog.add(second, false);
  REQUIRE(!added);
  CHECK(added.error().code == "registry.invalid");
  CHECK(!catalog.find("o1"));
  CHECK(catalog.add(first, true));
  REQUIRE(catalog.update_check("alive", CheckStatus::passing, ""));
  CHECK(status_of(catalog, "p2") == CheckStatus::passing);
  REQUIRE(catalog.remove("p2"));
  CHECK(catalog.add(second, false));
}

TEST_CASE("a blocking query returns when its service changes, not when another one does") {
  ManualClock clock;
  Catalog catalog(clock);
  REQUIRE(catalog.add(with_ttl(instance_of("payment", "p1"), 10'000), false));
  const auto index = catalog.instances_of("payment").index;
  std::atomic<bool> is_back{false};
  std::thread waiter([&] {
    (void)catalog.await_change("payment", index, 60'000);
    is_back.store(true);
  });
  REQUIRE(catalog.add(instance_of("order", "o1"), false));
  CHECK(!is_back.load());
  REQUIRE(catalog.update_check("service:p1", CheckStatus::passing, ""));
  CHECK(poll_until([&] { return is_back.load(); }));
  waiter.join();
}

TEST_CASE("a blocking query returns at the end of its wait, and at once for an index of another life of the registry") {
  ManualClock clock;
  Catalog catalog(clock);
  const auto index = catalog.instances_of("payment").index;
  CHECK(catalog.await_change("payment", index, 5));
  CHECK(catalog.await_change("payment", index + 1'000, 600'000));
  CHECK(catalog.await_change("payment", index - 1, 600'000));
}

TEST_CASE("more blocking queries than the limit are refused, and stopping lets the others go") {
  ManualClock clock;
  Catalog catalog(clock, Catalog::Limits{.max_waiters = 1});
  const auto index = catalog.instances_of("payment").index;
  std::atomic<bool> is_back{false};
  std::thread waiter([&] {
    while (!catalog.await_change("payment", index, 600'000)) {
    }
    is_back.store(true);
  });
  CHECK(poll_until([&] {
    const auto waited = catalog.await_change("payment", index, 0);
    return !waited && waited.error().code == "registry.too_many";
  }));
  CHECK(!is_back.load());
  catalog.stop();
  CHECK(poll_until([&] { return is_back.load(); }));
  waiter.join();
  CHECK(catalog.await_change("payment", index, 600'000));
}
