#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "carriage.hpp"

#ifdef SEAMLINE_CARRIER_HAS_BROKER
#include "support/outside_server.hpp"
#endif
#ifdef SEAMLINE_CARRIER_KAFKA
#include "events/kafka_broker.hpp"
#endif
#ifdef SEAMLINE_CARRIER_NATS
#include "events/nats_broker.hpp"
#endif

namespace seamline::test {

#ifdef SEAMLINE_CARRIER_HAS_BROKER

/// A carrier with a real broker of its own.
class UnderTest {
 public:
  static constexpr Carriage::Apart apart = Carriage::Apart::yes;

  UnderTest() : server_(name), broker_(open(server_.address())) {}
  events::Broker* broker() { return broker_.get(); }
  OutsideServer& server() { return server_; }

 private:
#ifdef SEAMLINE_CARRIER_KAFKA
  static constexpr const char* name = "kafka";
  static std::unique_ptr<events::Broker> open(const std::string& address) {
    events::KafkaOptions options;
    options.brokers = address;
    options.partitions = 3;
    return std::move(events::KafkaBroker::open(std::move(options)).value());
  }
#else
  static constexpr const char* name = "nats";
  static std::unique_ptr<events::Broker> open(const std::string& address) {
    events::NatsOptions options;
    options.urls = {"nats://" + address};
    return std::make_unique<events::NatsBroker>(std::move(options));
  }
#endif

  OutsideServer server_;
  std::unique_ptr<events::Broker> broker_;
};

#else

/// A carrier without a broker.
struct UnderTest {
#ifdef SEAMLINE_CARRIER_HTTP
  static constexpr Carriage::Apart apart = Carriage::Apart::yes;
#else
  static constexpr Carriage::Apart apart = Carriage::Apart::no;
#endif
  static events::Broker* broker() { return nullptr; }
};

#endif

}  // namespace seamline::test
