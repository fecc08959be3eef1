#include "host/broker_links.hpp"

namespace seamline::host {
namespace {

/// How often a loop that pauses, or waits for room, looks again.
constexpr std::int64_t idle_ms = 50;

}  // namespace

void BrokerLinks::send(events::Broker& broker, const std::string& topic, store::Store& publisher, seam::Gate& gate) {
  auto sending = std::make_unique<Sending>();
  sending->module = publisher.module();
  sending->broker = broker.name();
  sending->topic = broker.publish_to(topic);
  sending->relay = std::make_unique<events::Relay>(sending->broker, publisher, gate, *sending->topic, clock_, options_.relay);
  publisher.writer().listen([to_wake = sending->thread_to_wake](const std::shared_ptr<const store::EntryBatch>&) {
    if (RunningLoop* const thread = to_wake->load()) thread->wake();
  });
  sendings_.push_back(std::move(sending));
}

events::Receiver& BrokerLinks::hear(events::Broker& broker, const std::string& topic, const std::string& publisher,
                                    const events::Handlers::ByType& handlers, store::Store& subscriber, seam::Gate& gate,
                                    events::Consumer* consumer) {
  auto hearing = std::make_unique<Hearing>();
  hearing->inbox = std::make_unique<events::ForeignInbox>(events::Topic{std::string(broker.name()), topic, publisher}, handlers,
                                                          subscriber, gate, options_.inbox);
  hearing->receiver = std::make_unique<events::Receiver>(broker, consumer, *hearing->inbox, clock_, options_.receiver);
  hearings_.push_back(std::move(hearing));
  return *hearings_.back()->receiver;
}

void BrokerLinks::resume(const std::string& module) {
  for (const auto& hearing : hearings_) {
    if (hearing->inbox->subscriber() == module) hearing->inbox->resume();
  }
}

void BrokerLinks::start_threads(LoopRunner& runner) {
  for (const auto& sending : sendings_) {
    sending->thread = runner.start("r-" + sending->module, *sending->relay, idle_ms);
    sending->thread_to_wake->store(sending->thread.get());
  }
  for (const auto& hearing : hearings_) {
    hearing->thread = runner.start("b-" + hearing->inbox->subscriber(), *hearing->receiver, idle_ms);
  }
}

void BrokerLinks::stop() {
  for (const auto& hearing : hearings_) hearing->receiver->stop();
  for (const auto& hearing : hearings_) {
    if (hearing->thread) hearing->thread->stop();
  }
  for (const auto& sending : sendings_) {
    if (sending->thread) sending->thread->stop();
  }
}

std::vector<Loop*> BrokerLinks::loops() const {
  std::vector<Loop*> all;
  for (const auto& sending : sendings_) all.push_back(sending->relay.get());
  for (const auto& hearing : hearings_) all.push_back(hearing->receiver.get());
  return all;
}

}  // namespace seamline::host
