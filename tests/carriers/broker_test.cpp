// What a carrier with a broker promises beside: whatever becomes of the broker, nothing is lost or doubled.
#include <algorithm>

#include "carriage.hpp"
#include "support/catch.hpp"
#include "under_test.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

/// Sends events to the topic as anybody could who reaches the broker, and again what it did not take. Returns once all are there.
void inject(events::Broker& broker, const std::string& topic, const std::vector<events::BrokerEvent>& events) {
  auto publisher = broker.publish_to(topic);
  for (int attempt = 0; attempt < 10; ++attempt) {
    std::int64_t token = 0;
    for (const events::BrokerEvent& event : events) REQUIRE(publisher->send(event, ++token));
    std::size_t acknowledged = 0;
    bool has_failed = false;
    while (acknowledged < events.size() && !has_failed) {
      for (const auto& outcome : publisher->outcomes(1000)) outcome.is_durable ? void(++acknowledged) : void(has_failed = true);
    }
    if (!has_failed) return;
    publisher->reset();
  }
  FAIL("The broker does not take the events.");
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
  // NATS keeps away what it knows by its id, if it comes in the same order.
  REQUIRE(poll_until([&] { return received(carriage).received >= 90; }));
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
  const auto is_relayed = [&] {
    const events::RelayCounts counts = carriage.publisher_host().broker_links().sendings().front()->relay->counts();
    return counts.acknowledged_seq == counts.head_seq;
  };
  CHECK_FALSE(poll_until(is_relayed, 5'000));
  carrier.server().resume();
  carriage.publish_singly(50);
  CHECK(carriage.hears_all());
  CHECK(poll_until(is_relayed, 15'000));
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

TEST_CASE("two brokers change places, twice: neither's places are taken for the other's") {
  UnderTest first;
  UnderTest second;
  Carriage carriage(first.apart, first.broker());
  carriage.publish(40);
  REQUIRE(carriage.hears_all());
  carriage.change_broker(*second.broker());
  carriage.publish_singly(20);
  REQUIRE(carriage.hears_all());
  carriage.change_broker(*first.broker());
  carriage.publish_singly(20);
  REQUIRE(carriage.hears_all());
  const std::int64_t before = received(carriage).received;
  carriage.publish(5);
  CHECK(poll_until([&] { return received(carriage).received > before; }, 15'000));
  CHECK(carriage.hears_all());
}
