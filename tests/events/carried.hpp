#pragma once

#include "events/receiver.hpp"
#include "events/relay.hpp"
#include "far.hpp"

namespace seamline::test {

/// A publisher elsewhere whose log a broker carries, and a module that hears it: relay, receiver, inbox and follower as a host
/// connects them. Stepped by the test.
class Carried {
 public:
  explicit Carried(events::Broker& broker, FarPublisher& publisher)
      : broker_(broker), publisher_(publisher), far(publisher.url()) {
    start_relay();
    listen();
  }
  ~Carried() { far.ear.stop(); }

  /// As when the publisher's process is started again.
  void start_relay() {
    relay.reset();
    topic = broker_.publish_to("notes");
    relay = std::make_unique<events::Relay>("memory", *publisher_.notes, publisher_.gate, *topic, far.home.clock, relay_options);
  }
  /// As when the subscriber's process is.
  void restart() {
    far.ear.stop();
    receiver.reset();
    inbox.reset();
    far.ear.start();
    far.connect();
    listen();
  }
  void listen() {
    inbox = std::make_unique<events::ForeignInbox>(events::Topic{"memory", "notes", "note"}, far.ear.hears, *far.ear.store,
                                                   far.ear.gate, events::ForeignInbox::Options{});
    receiver = std::make_unique<events::Receiver>(broker_, far.ear.consumer.get(), *inbox, far.home.clock, receiver_options);
    far.follower->carried_by([this] { return receiver->is_carrying(); });
  }
  bool step() {
    bool worked = relay->step();
    worked = receiver->step() || worked;
    worked = far.follower->step() || worked;
    return far.ear.store->writer().step() || worked;
  }
  /// Until nothing is left to do at this moment of the clock.
  void settle() {
    for (int i = 0; i < 10'000; ++i) {
      if (!step()) return;
    }
    throw std::runtime_error("the carrier does not come to rest");
  }
  /// Until nothing is left to do for as long as it may take to notice a loss.
  void settle_later() {
    for (int second = 0; second < 4; ++second) {
      settle();
      far.home.clock.advance_ms(1001);
    }
    settle();
  }

 private:
  events::Broker& broker_;
  FarPublisher& publisher_;

 public:
  events::Relay::Options relay_options{.gather_ms = 0, .longest_gather_ms = 0, .wait_ms = 0};
  events::Receiver::Options receiver_options{.wait_ms = 0};
  FarEar far;
  std::unique_ptr<events::BrokerPublisher> topic;
  std::unique_ptr<events::Relay> relay;
  std::unique_ptr<events::ForeignInbox> inbox;
  std::unique_ptr<events::Receiver> receiver;
};

}  // namespace seamline::test
