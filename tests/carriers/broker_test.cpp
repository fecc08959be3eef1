// What a carrier with a broker promises beside: whatever becomes of the broker, nothing is lost or doubled.
#include <algorithm>
#include <thread>

#include "carriage.hpp"
#include "support/catch.hpp"
#include "under_test.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

/// Sends events to the topic as anybody could who reaches the broker. Returns once they are there.
void inject(events::Broker& broker, const std::string& topic, const std::vector<events::BrokerEvent>& events) {
  auto publisher = broker.publish_to(topic);
  std::size_t acknowledged = 0;
  std::int64_t token = 0;
  for (const events::BrokerEvent& event : events) REQUIRE(publisher->send(event, ++token));
  poll_until([&] {
    for (const auto& outcome : publisher->outcomes(100)) acknowledged += outcome.is_durable ? 1 : 0;
    return acknowledged == events.size();
  });
  REQUIRE(acknowledged == events.size());
}

std::vector<events::BrokerEvent> copies_of(Carriage& carriage) {
  std::vector<events::BrokerEvent> copies;
  const std::string log_id = carriage.publisher().log().head().log_id;
  for (const store::LogEntry& entry : carriage.log()) copies.push_back(events::to_broker_event({"note", log_id}, entry));
  return copies;
}

events::ReceiverCounts received(Carriage& carriage) {
  return carriage.subscriber_host().broker_links().hearings().front()->receiver->counts();
}

}  // namespace

TEST_CASE("the broker carries the entries: the log is not read for them") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(5);
  REQUIRE(carriage.hears_all());
  REQUIRE(poll_until([&] { return received(carriage).received >= 5; }));
  const std::int64_t reads = carriage.counts().log_reads;
  carriage.publish_singly(200);
  REQUIRE(carriage.hears_all());
  CHECK(received(carriage).received >= 205);
  // One look at the log a second is how a lost tail is found.
  CHECK(carriage.counts().log_reads <= reads + 20);
}

TEST_CASE("entries that come again, long ago or in disorder, have no second effect") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(40);
  REQUIRE(carriage.hears_all());
  auto copies = copies_of(carriage);
  inject(*carrier.broker(), carriage.topic(), copies);
  std::reverse(copies.begin(), copies.end());
  inject(*carrier.broker(), carriage.topic(), copies);
  carriage.publish(10);
  REQUIRE(poll_until([&] { return received(carriage).received >= 120; }));
  CHECK(carriage.hears_all());
}

TEST_CASE("entries of another log, of an earlier epoch or with another content are refused") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(5);
  REQUIRE(carriage.hears_all());
  store::LogEntry next = carriage.log().back();
  next.seq = 6;
  const std::string log_id = carriage.publisher().log().head().log_id;
  const events::BrokerEvent of_another_log = events::to_broker_event({"note", "another-log"}, next);
  next.epoch = 0;
  const events::BrokerEvent stale = events::to_broker_event({"note", log_id}, next);
  inject(*carrier.broker(), carriage.topic(), {of_another_log, stale});
  REQUIRE(poll_until([&] { return received(carriage).refused >= 2; }));
  carriage.publish(10);
  CHECK(carriage.hears_all());
}

TEST_CASE("a broker that is killed, and comes back, changes nothing") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(20);
  REQUIRE(carriage.hears_all());
  carrier.server().kill();
  carriage.publish_singly(20);
  CHECK(carriage.hears_all());
  carrier.server().start();
  carriage.publish_singly(20);
  CHECK(carriage.hears_all());
  // And carries again.
  const std::int64_t before = received(carriage).received;
  carriage.publish_singly(5);
  CHECK(poll_until([&] { return received(carriage).received > before; }, 15'000));
  CHECK(carriage.hears_all());
}

TEST_CASE("a broker that hangs for ten seconds holds nobody up for long") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(20);
  REQUIRE(carriage.hears_all());
  carrier.server().pause();
  carriage.publish_singly(50);
  CHECK(carriage.hears_all(9'000));
  std::this_thread::sleep_for(std::chrono::seconds(10));
  carrier.server().resume();
  carriage.publish_singly(50);
  CHECK(carriage.hears_all());
}

TEST_CASE("a broker whose data is wiped in mid-run is filled again from the log") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(100);
  REQUIRE(carriage.hears_all());
  carriage.stop_subscriber();
  carriage.publish(50);
  carrier.server().kill();
  carrier.server().wipe();
  carriage.publish(50);
  carrier.server().start();
  carriage.start_subscriber();
  carriage.publish_singly(50);
  CHECK(carriage.hears_all());
  CHECK(poll_until([&] { return carriage.publisher_host().broker_links().sendings().front()->relay->counts().refills >= 1; },
                   15'000));
  const std::int64_t before = received(carriage).received;
  carriage.publish_singly(5);
  CHECK(poll_until([&] { return received(carriage).received > before; }, 15'000));
  CHECK(carriage.hears_all());
}
