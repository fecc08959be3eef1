#include "support/outside_server.hpp"

#include <stdexcept>

#include "support/catch.hpp"

using seamline::test::OutsideServer;

TEST_CASE("an outside server keeps its address, and is a new one after a wipe") {
  OutsideServer kafka("kafka");
  const std::string address = kafka.address();
  const std::string cluster = kafka.detail("cluster_id");
  kafka.kill();
  kafka.start();
  CHECK(kafka.address() == address);
  CHECK(kafka.detail("cluster_id") == cluster);
  kafka.stop();
  kafka.wipe();
  kafka.start();
  CHECK(kafka.address() == address);
  CHECK(kafka.detail("cluster_id") != cluster);
}

TEST_CASE("an outside server says what it cannot do") {
  OutsideServer nats("nats");
  CHECK_THROWS_AS(nats.wipe(), std::runtime_error);
  CHECK_THROWS_AS(nats.start(), std::runtime_error);
  nats.pause();
  nats.resume();
  nats.kill();
  CHECK_THROWS_AS(nats.kill(), std::runtime_error);
  CHECK_THROWS_AS(OutsideServer("nats", {"--no-such-option"}), std::runtime_error);
}
