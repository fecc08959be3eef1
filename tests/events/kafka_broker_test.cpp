#include "events/kafka_broker.hpp"

#include <map>
#include <set>
#include <thread>

#include "events/kafka_cluster.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::events;
using seamline::test::KafkaCluster;
using seamline::test::poll_until;
using seamline::test::write_foreign;

namespace {

std::unique_ptr<KafkaBroker> open(const std::string& address, KafkaOptions options = {}) {
  options.brokers = address;
  options.watch_interval_ms = 20;
  auto broker = KafkaBroker::open(options);
  REQUIRE(broker.has_value());
  return std::move(*broker);
}

BrokerEvent event(const std::string& key, const std::string& data) { return {key, {{"id", data}}, data}; }

/// Gathers outcomes until there are as many.
std::map<std::int64_t, SendOutcome> outcomes(BrokerPublisher& publisher, std::size_t count) {
  std::map<std::int64_t, SendOutcome> all;
  poll_until([&] {
    for (auto& each : publisher.outcomes(20)) all.emplace(each.token, each);
    return all.size() >= count;
  });
  return all;
}

/// Sends and waits until all is durable.
void publish(BrokerPublisher& publisher, const std::vector<BrokerEvent>& events) {
  std::int64_t token = 0;
  for (const auto& each : events) REQUIRE(publisher.send(each, token++));
  const auto ended = outcomes(publisher, events.size());
  REQUIRE(ended.size() == events.size());
  for (const auto& [number, outcome] : ended) {
    INFO(outcome.problem);
    REQUIRE(outcome.is_durable);
  }
}

/// Receives until there are as many events.
std::vector<ReceivedEvent> receive(BrokerSubscription& subscription, std::size_t count) {
  std::vector<ReceivedEvent> all;
  poll_until([&] {
    auto some = subscription.receive(100, 20);
    if (some) all.insert(all.end(), some->begin(), some->end());
    return all.size() >= count;
  });
  return all;
}

std::vector<std::string> data_of(const std::vector<ReceivedEvent>& events) {
  std::vector<std::string> all;
  for (const auto& each : events) all.push_back(each.event.data);
  return all;
}

using Attributes = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE("an event arrives with its key, its attributes in order and its data") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  const BrokerEvent sent{"o-1",
                         {{"specversion", "1.0"},
                          {"id", "e-1"},
                          {"source", "/seamline/order"},
                          {"subject", "ä %20\""},
                          {"datacontenttype", "application/json"}},
                         std::string("{\"a\":\"\0\"}", 9)};
  publish(*publisher, {sent});

  const auto subscription = broker->subscribe_to("orders", {});
  const auto received = receive(*subscription, 1);
  REQUIRE(received.size() == 1);
  CHECK(received[0].event.key == sent.key);
  CHECK(received[0].event.attributes == sent.attributes);
  CHECK(received[0].event.data == sent.data);
  CHECK(received[0].place == BrokerPlace{0, 0});
  CHECK(subscription->storage_id() == publisher->storage_id());
  CHECK_FALSE(publisher->storage_id().empty());
}

TEST_CASE("a message of somebody else arrives, with whatever it has") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  write_foreign(cluster.address(), "orders", "bare");
  write_foreign(cluster.address(), "orders", "{\"specversion\":\"1.0\"}",
                {{"Content-Type", "application/cloudevents+json; charset=UTF-8"}});
  write_foreign(cluster.address(), "orders", "other", {{"trace", "7"}, {"ce_type", "OrderCreated"}, {"ce_", "nothing"}});
  const auto broker = open(cluster.address());
  const auto subscription = broker->subscribe_to("orders", {});
  const auto received = receive(*subscription, 3);
  REQUIRE(data_of(received) == std::vector<std::string>{"bare", "{\"specversion\":\"1.0\"}", "other"});
  CHECK(received[0].event.key.empty());
  CHECK(received[0].event.attributes.empty());
  CHECK(received[1].event.attributes == Attributes{{"datacontenttype", "application/cloudevents+json; charset=UTF-8"}});
  CHECK(received[2].event.attributes == Attributes{{"type", "OrderCreated"}});
}

TEST_CASE("the events of a key stay in order over several partitions") {
  KafkaCluster cluster;
  cluster.make_topic("orders", 4);
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  std::vector<BrokerEvent> sent;
  for (int i = 0; i < 400; ++i) sent.push_back(event("key-" + std::to_string(i % 20), std::to_string(i)));
  publish(*publisher, sent);

  const auto subscription = broker->subscribe_to("orders", {});
  const auto received = receive(*subscription, sent.size());
  REQUIRE(received.size() == sent.size());
  std::map<std::string, int> latest;
  std::set<std::int64_t> partitions;
  for (const auto& each : received) {
    const int number = std::stoi(each.event.data);
    const auto [known, is_first] = latest.emplace(each.event.key, number);
    CHECK((is_first || known->second < number));
    known->second = number;
    partitions.insert(each.place.partition);
  }
  CHECK(partitions.size() == 4);
}

TEST_CASE("a subscription goes on at its places, and with the earliest in partitions that it has none for") {
  KafkaCluster cluster;
  cluster.make_topic("orders", 2);
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  std::vector<BrokerEvent> sent;
  for (int i = 0; i < 20; ++i) sent.push_back(event("key-" + std::to_string(i), std::to_string(i)));
  publish(*publisher, sent);
  SubscriptionStart start;
  std::vector<std::string> of_one;
  {
    const auto first = broker->subscribe_to("orders", {});
    const auto received = receive(*first, 20);
    REQUIRE(received.size() == 20);
    start.storage_id = first->storage_id();
    for (const auto& each : received) {
      if (each.place.partition == 1) of_one.push_back(each.event.data);
      if (each.place.partition == 0) start.next = {{0, each.place.offset}};  // all but the last
    }
  }
  const std::size_t expected = of_one.size() + 1;
  const auto again = broker->subscribe_to("orders", start);
  CHECK(receive(*again, expected).size() == expected);
  CHECK(again->receive(10, 50)->empty());
  CHECK(again->storage_id() == start.storage_id);
}

TEST_CASE("places of another storage, or ones that the topic never reached, begin with the earliest") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  publish(*publisher, {event("a", "0"), event("a", "1"), event("a", "2")});
  REQUIRE(poll_until([&] { return !publisher->storage_id().empty(); }));
  const std::string storage_id = publisher->storage_id();
  const std::string cluster_id = storage_id.substr(0, storage_id.rfind('/'));

  SECTION("of another cluster") {
    const auto subscription = broker->subscribe_to("orders", {"other/0", {{0, 2}}});
    CHECK(data_of(receive(*subscription, 3)) == std::vector<std::string>{"0", "1", "2"});
    CHECK(subscription->storage_id() == cluster_id + "/0");
  }
  SECTION("never reached") {
    const auto subscription = broker->subscribe_to("orders", {cluster_id + "/4", {{0, 9}}});
    CHECK(data_of(receive(*subscription, 3)) == std::vector<std::string>{"0", "1", "2"});
    CHECK(subscription->storage_id() == cluster_id + "/5");
  }
  SECTION("its number is kept where they are right") {
    const auto subscription = broker->subscribe_to("orders", {cluster_id + "/4", {{0, 2}}});
    CHECK(data_of(receive(*subscription, 1)) == std::vector<std::string>{"2"});
    CHECK(subscription->storage_id() == cluster_id + "/4");
  }
}

TEST_CASE("events that were sent while the broker is down are durable once it is back, and a subscription goes on") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  const auto subscription = broker->subscribe_to("orders", {});
  publish(*publisher, {event("a", "0")});
  CHECK(receive(*subscription, 1).size() == 1);
  const std::string storage_id = publisher->storage_id();

  cluster.go_down();
  REQUIRE(publisher->send(event("a", "1"), 1));
  CHECK(publisher->outcomes(50).empty());
  CHECK(poll_until([&] { return !subscription->receive(10, 10).has_value(); }));
  CHECK(subscription->receive(10, 0).error().code == broker_unavailable.code);
  cluster.come_back();
  const auto ended = outcomes(*publisher, 1);
  REQUIRE(ended.size() == 1);
  CHECK(ended.at(1).is_durable);
  CHECK(data_of(receive(*subscription, 1)) == std::vector<std::string>{"1"});
  CHECK(publisher->storage_id() == storage_id);
}

TEST_CASE("an event that the broker does not take in time is reported as not durable") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  KafkaOptions options;
  options.delivery_timeout_ms = 300;
  const auto broker = open(cluster.address(), options);
  const auto publisher = broker->publish_to("orders");
  publish(*publisher, {event("a", "0")});
  cluster.go_down();
  REQUIRE(publisher->send(event("a", "1"), 7));
  const auto ended = outcomes(*publisher, 1);
  REQUIRE(ended.size() == 1);
  CHECK_FALSE(ended.at(7).is_durable);
  CHECK_FALSE(ended.at(7).problem.empty());
}

TEST_CASE("a publisher takes no more than may wait, until outcomes are asked for") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  KafkaOptions options;
  options.max_waiting_events = 3;
  const auto broker = open(cluster.address(), options);
  const auto publisher = broker->publish_to("orders");
  for (int i = 0; i < 3; ++i) CHECK(publisher->send(event("a", std::to_string(i)), i));
  CHECK_FALSE(publisher->send(event("a", "3"), 3));
  CHECK(outcomes(*publisher, 3).size() == 3);
  publish(*publisher, {event("a", "3")});
  const auto subscription = broker->subscribe_to("orders", {});
  CHECK(data_of(receive(*subscription, 4)) == std::vector<std::string>{"0", "1", "2", "3"});
}

TEST_CASE("an event that is too large is reported as not durable, and the others are sent") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  KafkaOptions options;
  options.max_event_bytes = 2'000;
  const auto broker = open(cluster.address(), options);
  const auto publisher = broker->publish_to("orders");
  CHECK(publisher->send(event("a", std::string(5'000, 'x')), 1));
  CHECK(publisher->send(event("a", "small"), 2));
  const auto ended = outcomes(*publisher, 2);
  REQUIRE(ended.size() == 2);
  CHECK_FALSE(ended.at(1).is_durable);
  CHECK(ended.at(1).problem.find("too large") != std::string::npos);
  CHECK(ended.at(2).is_durable);
}

TEST_CASE("after reset nothing is told of what waited, and what is sent arrives") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  publish(*publisher, {event("a", "before")});
  cluster.go_down();
  REQUIRE(publisher->send(event("a", "lost"), 41));
  publisher->reset();
  cluster.come_back();
  CHECK(publisher->outcomes(100).empty());
  publish(*publisher, {event("a", "after")});
  const auto subscription = broker->subscribe_to("orders", {});
  CHECK(data_of(receive(*subscription, 2)) == std::vector<std::string>{"before", "after"});
}

TEST_CASE("after a fatal error of the producer events are not durable until a reset") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  publish(*publisher, {event("a", "0")});
  cluster.refuse_writes({RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  REQUIRE(publisher->send(event("a", "1"), 1));
  const auto first = outcomes(*publisher, 1);
  REQUIRE(first.size() == 1);
  CHECK_FALSE(first.at(1).is_durable);
  REQUIRE(publisher->send(event("a", "2"), 2));
  const auto second = outcomes(*publisher, 1);
  REQUIRE(second.size() == 1);
  CHECK_FALSE(second.at(2).is_durable);
  publisher->reset();
  publish(*publisher, {event("a", "3")});
  const auto subscription = broker->subscribe_to("orders", {});
  CHECK(data_of(receive(*subscription, 2)) == std::vector<std::string>{"0", "3"});
}

TEST_CASE("a topic that is missing is empty, and is received from once it is there") {
  KafkaCluster cluster;
  cluster.make_topic("late");
  cluster.hide_topic("late");
  const auto broker = open(cluster.address());
  const auto subscription = broker->subscribe_to("late", {});
  for (int i = 0; i < 5; ++i) {
    const auto received = subscription->receive(10, 40);
    REQUIRE(received.has_value());
    CHECK(received->empty());
  }
  CHECK(subscription->storage_id().empty());
  cluster.show_topic("late");
  write_foreign(cluster.address(), "late", "first");
  CHECK(data_of(receive(*subscription, 1)) == std::vector<std::string>{"first"});
}

TEST_CASE("interrupt ends a receive that waits, and later ones at once") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto subscription = broker->subscribe_to("orders", {});
  REQUIRE(poll_until([&] { return subscription->receive(1, 1).has_value() && !subscription->storage_id().empty(); }));
  std::thread interrupter([&] { subscription->interrupt(); });
  const Instant since = Clock::system().monotonic();
  CHECK(subscription->receive(10, 60'000)->empty());
  CHECK(subscription->receive(10, 60'000)->empty());
  CHECK(since.ms_until(Clock::system().monotonic()) < 10'000);
  interrupter.join();
}

TEST_CASE("a broker that nobody answers at delays nobody, and says so when asked") {
  KafkaOptions options;
  options.request_timeout_ms = 200;
  const auto broker = open("127.0.0.1:1", options);
  const auto publisher = broker->publish_to("orders");
  const auto subscription = broker->subscribe_to("orders", {});
  CHECK(publisher->send(event("a", "0"), 0));
  CHECK(publisher->outcomes(0).empty());
  CHECK(publisher->storage_id().empty());
  CHECK(poll_until([&] { return !subscription->receive(10, 5).has_value(); }));
  const auto report = broker->inspect(200);
  REQUIRE_FALSE(report.has_value());
  CHECK(report.error().code == broker_unavailable.code);
  CHECK(report.error().detail.find("127.0.0.1:1") != std::string::npos);
}

TEST_CASE("inspecting tells the latency, and warns of a single replica") {
  KafkaCluster cluster;
  cluster.make_topic("orders");
  const auto broker = open(cluster.address());
  const auto publisher = broker->publish_to("orders");
  const auto report = broker->inspect(1'000);
  REQUIRE(report.has_value());
  CHECK(report->latency_us > 0);
  REQUIRE(report->warnings.size() == 1);
  CHECK(report->warnings[0].find("orders has one replica") != std::string::npos);
}

TEST_CASE("settings that librdkafka does not know, does not take or may not be given are refused") {
  const auto problem = [](const std::string& name, const std::string& value) {
    KafkaOptions options;
    options.brokers = "127.0.0.1:1";
    options.settings = {{name, value}};
    const auto opened = KafkaBroker::open(options);
    return opened ? std::string("taken") : opened.error().code + ": " + opened.error().detail;
  };
  CHECK(problem("linger.ms", "3") == "taken");
  CHECK(problem("linger.mss", "3") == "events.broker_setting: No such configuration property: \"linger.mss\"");
  CHECK(problem("linger.ms", "soon").starts_with("events.broker_setting: Invalid value"));
  CHECK(problem("acks", "0").starts_with("events.broker_setting: \"acks\" is set by Seamline itself"));
  CHECK(problem("retries", "0").starts_with("events.broker_setting: "));
  KafkaOptions nowhere;
  CHECK(KafkaBroker::open(nowhere).error().code == broker_setting.code);
}
