#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "events/foreign_inbox.hpp"
#include "events/receiver.hpp"
#include "events/relay.hpp"

namespace seamline::host {

/// Limits of what a host does with brokers.
struct BrokerLinkOptions {
  events::Relay::Options relay;
  events::Receiver::Options receiver;
  events::ForeignInbox::Options inbox;
};

/// The loops by which the modules of a host send to brokers and hear them, each with a thread while the host has threads.
class BrokerLinks {
 public:
  /// A module's log on its way to a broker.
  struct Sending {
    std::string module;
    std::string broker;
    std::unique_ptr<events::BrokerPublisher> topic;
    std::unique_ptr<events::Relay> relay;
    /// Woken by the module's commits, for as long as its writer lives.
    std::shared_ptr<std::atomic<RunningLoop*>> thread_to_wake = std::make_shared<std::atomic<RunningLoop*>>(nullptr);
    std::unique_ptr<RunningLoop> thread;
  };
  /// A subscriber at a topic.
  struct Hearing {
    std::unique_ptr<events::ForeignInbox> inbox;
    std::unique_ptr<events::Receiver> receiver;
    std::unique_ptr<RunningLoop> thread;
  };

  /// `clock` exists and outlives the links.
  BrokerLinks(const Clock& clock, BrokerLinkOptions options) : clock_(clock), options_(options) {}

  /// Sends a module's log to the topic. All exist and outlive the links; the module's writer is not started yet.
  void send(events::Broker& broker, const std::string& topic, store::Store& publisher, seam::Gate& gate);
  /// Hears the topic for a subscriber; `consumer` as Receiver has it. All exist and outlive the links.
  events::Receiver& hear(events::Broker& broker, const std::string& topic, const std::string& publisher,
                         const events::Handlers::ByType& handlers, store::Store& subscriber, seam::Gate& gate,
                         events::Consumer* consumer);

  /// The module's gate is open again.
  void resume(const std::string& module);
  void start_threads(LoopRunner& runner);
  /// Ends the threads. Idempotent.
  void stop();

  /// What steps without threads.
  std::vector<Loop*> loops() const;
  const std::vector<std::unique_ptr<Sending>>& sendings() const { return sendings_; }
  const std::vector<std::unique_ptr<Hearing>>& hearings() const { return hearings_; }

 private:
  const Clock& clock_;
  const BrokerLinkOptions options_;
  std::vector<std::unique_ptr<Sending>> sendings_;
  std::vector<std::unique_ptr<Hearing>> hearings_;
};

}  // namespace seamline::host
