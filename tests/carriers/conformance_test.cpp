// What every carrier promises, each asked for it in the same words: SEAMLINE_CARRIER says which one this program tests.
#include <chrono>

#include "carriage.hpp"
#include "support/catch.hpp"
#include "under_test.hpp"

using namespace seamline;
using namespace seamline::test;

TEST_CASE("everything published is heard, once and in order") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(500);
  carriage.publish_singly(100);
  CHECK(carriage.hears_all());
}

TEST_CASE("a subscriber that was away catches up") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.publish(10);
  REQUIRE(carriage.hears_all());
  if (carrier.apart == Carriage::Apart::yes) {
    carriage.stop_subscriber();
    carriage.publish(3000);
    carriage.start_subscriber();
  } else {
    carriage.publish(3000);
    carriage.restart_subscriber();
  }
  CHECK(carriage.hears_all());
}

TEST_CASE("a slow subscriber with a short queue loses nothing, and does not hold the publisher up") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.queue_entries = 8;
  carriage.restart_subscriber();
  carriage.probe.after_effect = [](store::Transaction&, const NoteWritten&) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(200);
    while (std::chrono::steady_clock::now() < until) {
    }
  };
  carriage.publish_singly(300);
  CHECK(carriage.heard().size() < 300);
  CHECK(carriage.hears_all());
}

TEST_CASE("a subscriber that is stopped between any two commits hears each entry once") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  for (int round = 0; round < 8; ++round) {
    carriage.publish_singly(20);
    carriage.restart_subscriber();
    carriage.publish(20);
  }
  CHECK(carriage.hears_all());
}

TEST_CASE("a publisher that is started again goes on where its log ends") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  for (int round = 0; round < 5; ++round) {
    carriage.publish_singly(10);
    carriage.restart_publisher();
    carriage.publish(10);
  }
  CHECK(carriage.hears_all());
}

TEST_CASE("an entry that can never be applied becomes a dead letter, later ones of its subject wait, all others are heard") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  carriage.probe.after_effect = [](store::Transaction&, const NoteWritten& event) {
    if (event.number == 10) throw std::runtime_error("poison");
  };
  carriage.publish(30);
  // Subjects repeat every seven numbers: 17 and 24 wait behind 10.
  CHECK(poll_until([&] { return carriage.heard().size() == 27 && carriage.dead_letters().size() == 3; }));
  CHECK(carriage.dead_letters().front() == std::pair<std::int64_t, std::string>{10, "poisoned"});
}

TEST_CASE("while both restart at random, nothing is lost or doubled") {
  UnderTest carrier;
  Carriage carriage(carrier.apart, carrier.broker());
  SeededRandom random(7);
  for (int round = 0; round < 12; ++round) {
    carriage.publish(1 + static_cast<std::int64_t>(random.next_u64() % 50));
    if (random.next_u64() % 2 == 0) carriage.restart_subscriber();
    if (random.next_u64() % 3 == 0) carriage.restart_publisher();
  }
  CHECK(carriage.hears_all());
}
