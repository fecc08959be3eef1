#include <functional>
#include <map>
#include <nats/nats.h>
#include <thread>

#include "events/nats_broker.hpp"
#include "nats_server.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::events;
using seamline::test::NatsServer;

namespace {

constexpr std::int64_t short_wait_ms = 50;

/// Where a try takes time itself, the number of tries would be no limit.
template <class Done>
bool poll_until(Done done) {
  const Instant limit = Clock::system().monotonic().plus_ms(60'000);
  constexpr int without_limit = 1'000'000'000;
  bool is_done = false;
  const auto has_ended = [&] { return (is_done = done()) || Clock::system().monotonic() > limit; };
  seamline::test::poll_until(has_ended, without_limit);
  return is_done;
}

/// Short times, so that a fault shows soon.
NatsOptions options_for(const NatsServer& server) {
  NatsOptions options;
  options.urls = {server.url()};
  options.prefix = "shop.";
  options.max_waiting = 1'000;
  options.connect_timeout_ms = 1'000;
  options.request_timeout_ms = 1'000;
  options.acknowledgement_timeout_ms = 1'000;
  options.look_interval_ms = 50;
  options.heartbeat_ms = 200;
  return options;
}

BrokerEvent numbered(int number) {
  return {"order-" + std::to_string(number % 3),
          {{"id", "event-" + std::to_string(number)}, {"type", "shop.Placed.v1"}, {"datacontenttype", "application/json"}},
          "{\"number\":" + std::to_string(number) + "}"};
}

std::vector<BrokerEvent> numbered(int first, int last) {
  std::vector<BrokerEvent> events;
  for (int number = first; number <= last; ++number) events.push_back(numbered(number));
  return events;
}

/// What happens meanwhile, by how many events are durable and how often the relay has begun again.
using Meanwhile = std::function<void(std::size_t durable, int restarts)>;

/// As a relay does: sends in order, and from the first that failed again, until all are durable. How often it began again.
int relay(BrokerPublisher& publisher, const std::vector<BrokerEvent>& events, const Meanwhile& meanwhile = {}) {
  int restarts = 0;
  std::size_t durable = 0;
  std::size_t sent = 0;
  const bool done = poll_until([&] {
    while (sent < events.size() && publisher.send(events[sent], static_cast<std::int64_t>(sent))) ++sent;
    for (const SendOutcome& outcome : publisher.outcomes(short_wait_ms)) {
      if (!outcome.is_durable) {
        publisher.reset();
        sent = durable;
        ++restarts;
        break;
      }
      REQUIRE(outcome.token == static_cast<std::int64_t>(durable));
      ++durable;
    }
    if (meanwhile) meanwhile(durable, restarts);
    return durable == events.size();
  });
  REQUIRE(done);
  return restarts;
}

/// Receives until so many have come, also over times without a broker.
std::vector<ReceivedEvent> gather(BrokerSubscription& subscription, std::size_t count) {
  std::vector<ReceivedEvent> all;
  const bool done = poll_until([&] {
    if (all.size() >= count) return true;
    auto received = subscription.receive(count - all.size(), short_wait_ms);
    if (received) all.insert(all.end(), received->begin(), received->end());
    return all.size() >= count;
  });
  INFO("received " << all.size() << " of " << count);
  REQUIRE(done);
  return all;
}

std::vector<std::string> ids(const std::vector<ReceivedEvent>& events) {
  std::vector<std::string> found;
  for (const ReceivedEvent& received : events) found.emplace_back(received.event.attribute("id"));
  return found;
}

std::vector<std::string> ids(const std::vector<BrokerEvent>& events) {
  std::vector<std::string> found;
  for (const BrokerEvent& event : events) found.emplace_back(event.attribute("id"));
  return found;
}

std::string storage_of(BrokerPublisher& publisher) {
  REQUIRE(poll_until([&] {
    publisher.outcomes(0);
    return !publisher.storage_id().empty();
  }));
  return publisher.storage_id();
}

/// Somebody else at the server, with the plain client.
class Stranger {
 public:
  explicit Stranger(const NatsServer& server) {
    REQUIRE(natsConnection_ConnectTo(&connection_, server.url().c_str()) == NATS_OK);
    REQUIRE(natsConnection_JetStream(&streams_, connection_, nullptr) == NATS_OK);
  }
  ~Stranger() {
    jsCtx_Destroy(streams_);
    natsConnection_Destroy(connection_);
  }
  Stranger(const Stranger&) = delete;
  Stranger& operator=(const Stranger&) = delete;

  void publish(const std::string& text, const std::map<std::string, std::string>& headers = {}) {
    natsMsg* message = nullptr;
    REQUIRE(natsMsg_Create(&message, "shop.orders", nullptr, text.data(), static_cast<int>(text.size())) == NATS_OK);
    for (const auto& [name, value] : headers) REQUIRE(natsMsgHeader_Set(message, name.c_str(), value.c_str()) == NATS_OK);
    CHECK(js_PublishMsg(nullptr, streams_, message, nullptr, nullptr) == NATS_OK);
    natsMsg_Destroy(message);
  }
  /// The header of a stored message, as it stands there.
  std::string stored(std::uint64_t sequence, const char* name) {
    natsMsg* message = nullptr;
    REQUIRE(js_GetMsg(&message, streams_, "shop_orders", sequence, nullptr, nullptr) == NATS_OK);
    const char* value = "";
    natsMsgHeader_Get(message, name, &value);
    std::string text = value;
    natsMsg_Destroy(message);
    return text;
  }
  std::uint64_t stored_count() {
    jsStreamInfo* info = nullptr;
    REQUIRE(js_GetStreamInfo(&info, streams_, "shop_orders", nullptr, nullptr) == NATS_OK);
    const std::uint64_t count = info->State.Msgs;
    jsStreamInfo_Destroy(info);
    return count;
  }
  std::int64_t consumers() {
    jsStreamInfo* info = nullptr;
    REQUIRE(js_GetStreamInfo(&info, streams_, "shop_orders", nullptr, nullptr) == NATS_OK);
    const std::int64_t count = info->State.Consumers;
    jsStreamInfo_Destroy(info);
    return count;
  }
  void purge() { REQUIRE(js_PurgeStream(streams_, "shop_orders", nullptr, nullptr) == NATS_OK); }
  void remove() { REQUIRE(js_DeleteStream(streams_, "shop_orders", nullptr, nullptr) == NATS_OK); }
  void make() {
    const char* subject = "shop.orders";
    jsStreamConfig wanted;
    jsStreamConfig_Init(&wanted);
    wanted.Name = "shop_orders";
    wanted.Subjects = &subject;
    wanted.SubjectsLen = 1;
    REQUIRE(js_AddStream(nullptr, streams_, &wanted, nullptr, nullptr) == NATS_OK);
  }
  void remove_event(std::uint64_t sequence) {
    REQUIRE(js_DeleteMsg(streams_, "shop_orders", sequence, nullptr, nullptr) == NATS_OK);
  }

 private:
  natsConnection* connection_ = nullptr;
  jsCtx* streams_ = nullptr;
};

/// A server, and both ends of a topic.
struct Topic {
  NatsServer server;
  NatsBroker broker{options_for(server)};
  std::unique_ptr<BrokerPublisher> publisher = broker.publish_to("orders");
  std::unique_ptr<BrokerSubscription> subscription = broker.subscribe_to("orders", {});
};

}  // namespace

TEST_CASE("what is sent by NATS is received as it was, in order, with its places") {
  Topic topic;
  const auto events = numbered(1, 200);
  CHECK(relay(*topic.publisher, events) == 0);
  const auto received = gather(*topic.subscription, events.size());
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < events.size(); ++i) {
    CHECK(received[i].event.key == events[i].key);
    CHECK(received[i].event.data == events[i].data);
    auto attributes = received[i].event.attributes;
    auto wanted = events[i].attributes;
    std::sort(attributes.begin(), attributes.end());
    std::sort(wanted.begin(), wanted.end());
    CHECK(attributes == wanted);
    CHECK(received[i].place == BrokerPlace{0, ++offset});
  }
  CHECK(!topic.publisher->storage_id().empty());
  CHECK(topic.publisher->storage_id() == topic.subscription->storage_id());
}

TEST_CASE("on the wire of NATS an event is a CloudEvent in binary mode, percent-encoded") {
  Topic topic;
  const BrokerEvent event{
      "key with \"blank\"",
      {{"id", "1"}, {"source", "/shop/größe"}, {"subject", "100% ~ok~\n"}, {"datacontenttype", "text/plain; a=b"}},
      std::string("\0\xff", 2)};
  relay(*topic.publisher, {event});
  Stranger stranger(topic.server);
  CHECK(stranger.stored(1, "Nats-Msg-Id") == "1");
  CHECK(stranger.stored(1, "Seamline-Key") == "key%20with%20%22blank%22");
  CHECK(stranger.stored(1, "ce-id") == "1");
  CHECK(stranger.stored(1, "ce-source") == "/shop/gr%C3%B6%C3%9Fe");
  CHECK(stranger.stored(1, "ce-subject") == "100%25%20~ok~%0A");
  CHECK(stranger.stored(1, "ce-datacontenttype") == "text/plain;%20a=b");
  const auto received = gather(*topic.subscription, 1).front().event;
  CHECK(received.key == event.key);
  CHECK(received.data == event.data);
  for (const auto& [name, value] : event.attributes) CHECK(received.attribute(name) == value);
}

TEST_CASE("a foreign message of NATS is received, whatever its headers are") {
  Topic topic;
  storage_of(*topic.publisher);
  Stranger stranger(topic.server);
  stranger.publish("no header at all");
  stranger.publish("", {{"Ce-Id", "a%c3%b6"}, {"Other", "x"}});
  stranger.publish("{}", {{"ce-id", "100%"}, {"ce-type", "%C0%A0"}, {"ce-source", "\"quoted%20text\""}});
  stranger.publish("{}", {{"Content-Type", "application/cloudevents+json"}});
  const auto received = gather(*topic.subscription, 4);
  CHECK(received[0].event.data == "no header at all");
  CHECK(received[0].event.attributes.empty());
  CHECK(received[0].event.key.empty());
  CHECK(received[1].event.data.empty());
  CHECK(received[1].event.attribute("id") == "aö");
  CHECK(received[1].event.attributes.size() == 1);
  CHECK(received[2].event.attribute("id") == "100%");
  CHECK(received[2].event.attribute("type") == "%C0%A0");
  CHECK(received[2].event.attribute("source") == "quoted text");
  CHECK(received[3].event.attribute("datacontenttype") == "application/cloudevents+json");
}

TEST_CASE("a subscription of NATS begins where it is told, if the storage is the one it knows") {
  Topic topic;
  relay(*topic.publisher, numbered(1, 10));
  const std::string storage = topic.publisher->storage_id();
  const auto begin_at = [&](const SubscriptionStart& start, std::size_t count) {
    return ids(gather(*topic.broker.subscribe_to("orders", start), count)).front();
  };
  CHECK(begin_at({storage, {{0, 7}}}, 4) == "event-7");
  CHECK(begin_at({storage, {}}, 10) == "event-1");
  CHECK(begin_at({storage, {{3, 9}}}, 10) == "event-1");
  CHECK(begin_at({"another", {{0, 7}}}, 10) == "event-1");

  const auto at_the_end = topic.broker.subscribe_to("orders", {storage, {{0, 11}}});
  CHECK(at_the_end->receive(10, short_wait_ms)->empty());
  relay(*topic.publisher, {numbered(11)});
  CHECK(ids(gather(*at_the_end, 1)) == std::vector<std::string>{"event-11"});

  const auto beyond = topic.broker.subscribe_to("orders", {storage, {{0, 100}}});
  CHECK(ids(gather(*beyond, 11)).front() == "event-1");
  CHECK(beyond->storage_id() != storage);
}

TEST_CASE("receive from NATS gives at most as many as asked for, and the rest later") {
  Topic topic;
  relay(*topic.publisher, numbered(1, 5));
  REQUIRE(poll_until([&] { return topic.subscription->receive(0, 0).has_value(); }));
  std::vector<std::string> all;
  while (all.size() < 5) {
    const auto part = topic.subscription->receive(2, 1'000);
    REQUIRE(part);
    CHECK(part->size() <= 2);
    for (const std::string& id : ids(*part)) all.push_back(id);
  }
  CHECK(all == ids(numbered(1, 5)));
  CHECK(topic.subscription->receive(2, 0)->empty());
}

TEST_CASE("a topic that is missing at NATS is empty, until somebody makes it") {
  Topic topic;
  const auto nothing = topic.subscription->receive(10, short_wait_ms);
  REQUIRE(nothing);
  CHECK(nothing->empty());
  CHECK(topic.subscription->storage_id().empty());
  relay(*topic.publisher, numbered(1, 3));
  CHECK(ids(gather(*topic.subscription, 3)) == ids(numbered(1, 3)));
}

TEST_CASE("a topic that is missing at NATS is made by a subscription that is told to") {
  NatsServer server;
  NatsBroker broker(options_for(server));
  SubscriptionStart start;
  start.makes_topic = true;
  const auto subscription = broker.subscribe_to("wanted", start);
  REQUIRE(subscription->receive(10, short_wait_ms));
  CHECK(!subscription->storage_id().empty());
  relay(*broker.publish_to("wanted"), numbered(1, 3));
  CHECK(ids(gather(*subscription, 3)) == ids(numbered(1, 3)));
}

TEST_CASE("a publisher to NATS takes no more than may wait, and again after outcomes") {
  NatsServer server;
  NatsOptions options = options_for(server);
  options.max_waiting = 3;
  NatsBroker broker(options);
  const auto publisher = broker.publish_to("orders");
  for (int number = 1; number <= 3; ++number) CHECK(publisher->send(numbered(number), number));
  CHECK(!publisher->send(numbered(4), 4));
  CHECK(relay(*broker.publish_to("others"), numbered(1, 20)) == 0);
  std::vector<std::int64_t> tokens;
  REQUIRE(poll_until([&] {
    for (const SendOutcome& outcome : publisher->outcomes(short_wait_ms)) {
      CHECK(outcome.is_durable);
      tokens.push_back(outcome.token);
    }
    return tokens.size() == 3;
  }));
  CHECK(tokens == std::vector<std::int64_t>{1, 2, 3});
  CHECK(publisher->send(numbered(4), 4));
}

TEST_CASE("after a reset a publisher to NATS tells of nothing from before, and repetitions are stored once") {
  Topic topic;
  storage_of(*topic.publisher);
  for (int number = 1; number <= 5; ++number) topic.publisher->send(numbered(number), 100 + number);
  topic.publisher->reset();
  CHECK(topic.publisher->storage_id().empty());
  CHECK(relay(*topic.publisher, numbered(1, 8)) == 0);
  CHECK(ids(gather(*topic.subscription, 8)) == ids(numbered(1, 8)));
  CHECK(Stranger(topic.server).stored_count() == 8);
}

TEST_CASE("an event that is too long for NATS fails with the limit, and what follows waits for the next try") {
  Topic topic;
  BrokerEvent large = numbered(1);
  large.data.assign(std::size_t{1} << 20U, ' ');
  topic.publisher->send(large, 1);
  topic.publisher->send(numbered(2), 2);
  std::vector<SendOutcome> outcomes;
  REQUIRE(poll_until([&] { return !(outcomes = topic.publisher->outcomes(short_wait_ms)).empty(); }));
  REQUIRE(outcomes.size() == 2);
  for (const SendOutcome& outcome : outcomes) {
    CHECK(!outcome.is_durable);
    CHECK(outcome.problem.find("max_payload") != std::string::npos);
  }
  CHECK(relay(*topic.publisher, {numbered(2)}) == 0);
}

TEST_CASE("an interrupt ends a wait for NATS, and every later one") {
  Topic topic;
  NatsOptions options = options_for(topic.server);
  options.heartbeat_ms = 300'000;  // nothing else ends the wait
  const auto subscription = NatsBroker(options).subscribe_to("orders", {});
  relay(*topic.publisher, {numbered(1)});
  gather(*subscription, 1);
  std::atomic<bool> is_received{false};
  std::atomic<bool> has_ended{false};
  std::thread receiver([&] {
    CHECK(subscription->receive(10, 600'000)->size() == 1);
    is_received = true;
    CHECK(subscription->receive(10, 600'000)->empty());
    has_ended = true;
  });
  relay(*topic.publisher, {numbered(3)});
  CHECK(poll_until([&] { return is_received.load(); }));
  CHECK(!has_ended);
  subscription->interrupt();
  CHECK(poll_until([&] { return has_ended.load(); }));
  receiver.join();
  relay(*topic.publisher, {numbered(2)});
  CHECK(subscription->receive(10, 60'000)->empty());
}

TEST_CASE("without a NATS server events fail with the address, and receive says so") {
  NatsServer server;
  NatsOptions options = options_for(server);
  options.urls = {"nats://me:secret@" + server.url().substr(7)};
  NatsBroker broker(options);
  server.kill();
  const auto publisher = broker.publish_to("orders");
  publisher->send(numbered(1), 1);
  const auto outcomes = publisher->outcomes(1'000);
  REQUIRE(outcomes.size() == 1);
  CHECK(!outcomes[0].is_durable);
  CHECK(outcomes[0].problem.find(server.url()) != std::string::npos);
  CHECK(outcomes[0].problem.find("secret") == std::string::npos);
  CHECK(publisher->storage_id().empty());
  const auto received = broker.subscribe_to("orders", {})->receive(10, 1'000);
  REQUIRE(!received);
  CHECK(received.error().code == broker_unavailable.code);
  CHECK(received.error().retryable);
  CHECK(broker.inspect(1'000).error().code == broker_unavailable.code);
}

TEST_CASE("a NATS server that is killed and comes back has what it acknowledged, and both ends go on") {
  Topic topic;
  relay(*topic.publisher, numbered(1, 50));
  gather(*topic.subscription, 50);
  const std::string storage = topic.publisher->storage_id();
  topic.server.kill();
  CHECK(!topic.subscription->receive(1, short_wait_ms));
  topic.server.start();
  relay(*topic.publisher, numbered(51, 80));
  CHECK(ids(gather(*topic.subscription, 30)) == ids(numbered(51, 80)));
  CHECK(topic.publisher->storage_id() == storage);
  CHECK(topic.subscription->storage_id() == storage);
}

TEST_CASE("events that wait while NATS is killed come in order, and none is missing") {
  Topic topic;
  relay(*topic.publisher, {numbered(0)});
  int deaths = 0;
  int restarts_before = 0;
  bool is_down = false;
  relay(*topic.publisher, numbered(1, 9'000), [&](std::size_t durable, int restarts) {
    if (!is_down && deaths < 3 && durable > 2'000 * static_cast<std::size_t>(deaths + 1)) {
      topic.server.kill();
      is_down = true;
      restarts_before = restarts;
      ++deaths;
    } else if (is_down && restarts >= restarts_before + 2) {  // what waited has failed, and so has another try
      topic.server.start();
      is_down = false;
    }
  });
  REQUIRE(deaths == 3);
  REQUIRE(!is_down);
  std::vector<std::string> seen;
  REQUIRE(poll_until([&] {
    if (const auto received = topic.subscription->receive(500, short_wait_ms)) {
      for (const std::string& id : ids(*received)) seen.push_back(id);
    }
    return !seen.empty() && seen.back() == "event-9000";
  }));
  CHECK((seen == ids(numbered(0, 9'000))));
}

TEST_CASE("while NATS stands still events fail after a while, and go on when it does") {
  Topic topic;
  relay(*topic.publisher, numbered(1, 5));
  gather(*topic.subscription, 5);
  topic.server.pause();
  for (int number = 6; number <= 9; ++number) topic.publisher->send(numbered(number), number);
  std::vector<SendOutcome> outcomes;
  REQUIRE(poll_until([&] {
    CHECK(!topic.subscription->receive(10, 0).value_or(std::vector<ReceivedEvent>()).size());
    return !(outcomes = topic.publisher->outcomes(short_wait_ms)).empty();
  }));
  CHECK(outcomes.size() == 4);
  for (const SendOutcome& outcome : outcomes) CHECK(!outcome.is_durable);
  topic.server.resume();
  relay(*topic.publisher, numbered(6, 20));
  CHECK(ids(gather(*topic.subscription, 15)) == ids(numbered(6, 20)));
}

TEST_CASE("a NATS server without its data is another storage, which is filled again and received from its beginning") {
  Topic topic;
  relay(*topic.publisher, numbered(1, 5));
  gather(*topic.subscription, 5);
  const std::string storage = topic.publisher->storage_id();
  topic.server.kill();
  topic.server.wipe();
  topic.server.start();
  // Without anything to send, too.
  REQUIRE(poll_until([&] {
    topic.publisher->outcomes(short_wait_ms);
    return !topic.publisher->storage_id().empty() && topic.publisher->storage_id() != storage;
  }));
  CHECK(relay(*topic.publisher, numbered(1, 7)) == 0);
  const auto received = gather(*topic.subscription, 7);
  CHECK(ids(received) == ids(numbered(1, 7)));
  CHECK(received.front().place.offset == 1);
  CHECK(topic.subscription->storage_id() == topic.publisher->storage_id());
}

TEST_CASE("a stream of NATS that is deleted is made again, as another storage") {
  Topic topic;
  Stranger stranger(topic.server);
  relay(*topic.publisher, numbered(1, 5));
  gather(*topic.subscription, 5);
  const std::string storage = topic.publisher->storage_id();
  stranger.remove();
  // In the middle of a round, where the publisher learns it from what the server answers.
  topic.publisher->send(numbered(6), 6);
  std::vector<SendOutcome> outcomes;
  REQUIRE(poll_until([&] { return !(outcomes = topic.publisher->outcomes(short_wait_ms)).empty(); }));
  relay(*topic.publisher, numbered(1, 8));
  CHECK(topic.publisher->storage_id() != storage);
  const auto received = gather(*topic.subscription, 8);
  CHECK(ids(received).back() == "event-8");
  CHECK(received.front().place.offset == 1);
  CHECK(topic.subscription->storage_id() == topic.publisher->storage_id());
}

TEST_CASE("a stream of NATS that somebody else makes anew is noticed by the next event, and without one") {
  Topic topic;
  Stranger stranger(topic.server);
  relay(*topic.publisher, numbered(1, 5));
  const std::string storage = topic.publisher->storage_id();
  stranger.remove();
  stranger.make();
  topic.publisher->send(numbered(6), 6);
  const auto outcomes = topic.publisher->outcomes(10'000);
  REQUIRE(outcomes.size() == 1);
  CHECK(!outcomes[0].is_durable);
  const std::string second = storage_of(*topic.publisher);
  CHECK(second != storage);
  stranger.remove();
  stranger.make();
  CHECK(poll_until([&] { return topic.publisher->outcomes(short_wait_ms).empty() && storage_of(*topic.publisher) != second; }));
}

TEST_CASE("what was purged from NATS can be sent again, although the server remembers the ids") {
  Topic topic;
  Stranger stranger(topic.server);
  relay(*topic.publisher, numbered(1, 5));
  gather(*topic.subscription, 5);
  stranger.purge();
  topic.publisher->reset();
  CHECK(relay(*topic.publisher, numbered(1, 5)) <= 1);
  CHECK(stranger.stored_count() == 5);
  CHECK(ids(gather(*topic.subscription, 5)) == ids(numbered(1, 5)));
}

TEST_CASE("events that NATS knows in another order are stored again in the order in which they are sent") {
  Topic topic;
  relay(*topic.publisher, {numbered(2)});
  topic.publisher->reset();
  relay(*topic.publisher, numbered(1, 3));
  auto seen = ids(gather(*topic.subscription, 4));
  while (seen.back() != "event-3" || seen[seen.size() - 2] != "event-2") {
    for (const std::string& id : ids(gather(*topic.subscription, 1))) seen.push_back(id);
  }
  CHECK(seen.front() == "event-2");
  CHECK(seen[1] == "event-1");
}

TEST_CASE("events deleted from a stream of NATS are a gap, and nothing stays at the server for a subscription that ended") {
  Topic topic;
  Stranger stranger(topic.server);
  relay(*topic.publisher, numbered(1, 6));
  stranger.remove_event(1);
  stranger.remove_event(3);
  const auto received = gather(*topic.subscription, 4);
  CHECK(ids(received) == std::vector<std::string>{"event-2", "event-4", "event-5", "event-6"});
  CHECK(received[1].place.offset == 4);
  CHECK(stranger.consumers() == 1);
  topic.subscription.reset();
  CHECK(poll_until([&] { return stranger.consumers() == 0; }));
}

TEST_CASE("a report on NATS says how far it is, and what could be lost") {
  NatsServer server;
  NatsOptions options = options_for(server);
  const auto blind = NatsBroker(options).inspect(1'000);
  REQUIRE(blind);
  CHECK(blind->version.empty());
  REQUIRE(blind->warnings.size() == 1);
  CHECK(blind->warnings[0].find("cannot be known from here") != std::string::npos);

  options.monitor_url = server.monitor_url();
  const auto report = NatsBroker(options).inspect(1'000);
  REQUIRE(report);
  CHECK(report->version.starts_with("2."));
  CHECK(report->latency_us > 0);
  REQUIRE(report->warnings.size() == 1);
  CHECK(report->warnings[0].find("sync_interval: always") != std::string::npos);

  server.kill();
  server.start_without_streams();
  const auto without = NatsBroker(options).inspect(1'000);
  REQUIRE(without);
  REQUIRE(without->warnings.size() == 1);
  CHECK(without->warnings[0].find("JetStream is off") != std::string::npos);
  const auto received = NatsBroker(options).subscribe_to("orders", {})->receive(1, 0);
  REQUIRE(!received);
  INFO(received.error().detail);
  CHECK(received.error().detail.find("JetStream is off") != std::string::npos);
}

TEST_CASE("a NATS server that asks for a password has it from the options") {
  NatsServer server;
  server.kill();
  server.start({"--user", "shop", "--pass", "right"});
  NatsOptions options = options_for(server);
  options.user = "shop";
  options.password = "right";
  CHECK(NatsBroker(options).inspect(1'000));
  CHECK(relay(*NatsBroker(options).publish_to("orders"), numbered(1, 3)) == 0);
  options.password = "wrong";
  const auto refused = NatsBroker(options).inspect(1'000);
  REQUIRE(!refused);
  CHECK(refused.error().detail.find("Authorization Violation") != std::string::npos);
}

TEST_CASE("a stream of NATS that takes another subject is left alone, and the message says what to do") {
  Topic topic;
  relay(*topic.publisher, {numbered(1)});
  NatsOptions options = options_for(topic.server);
  options.prefix = "shop ";  // its stream has the same name
  const auto received = NatsBroker(options).subscribe_to("orders", {})->receive(1, 0);
  REQUIRE(!received);
  CHECK(received.error().detail.find("shop_orders does not take the subject") != std::string::npos);
}
