#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events/broker.hpp"

namespace seamline::test {

/// A broker in memory that loses, repeats and reorders what a test tells it to. Nothing in it waits. Thread-safe.
class MemoryBroker final : public events::Broker {
 public:
  explicit MemoryBroker(std::int64_t partitions = 1) : partitions_(partitions) {}

  std::string_view name() const override { return "memory"; }
  std::unique_ptr<events::BrokerPublisher> publish_to(const std::string& topic) override;
  std::unique_ptr<events::BrokerSubscription> subscribe_to(const std::string& topic,
                                                           const events::SubscriptionStart& start) override;
  Result<events::BrokerReport> inspect(std::int64_t) override { return events::BrokerReport{}; }

  void set_down(bool is_down) {
    const std::lock_guard lock(mutex_);
    is_down_ = is_down;
  }
  /// Everything is gone; what comes from now on lies in another storage.
  void wipe() {
    const std::lock_guard lock(mutex_);
    topics_.clear();
    ++storage_;
  }
  /// The last events of a topic are gone, without a trace.
  void lose_tail(const std::string& topic, std::size_t count) {
    const std::lock_guard lock(mutex_);
    auto& events = topics_[topic];
    events.resize(events.size() - std::min(count, events.size()));
  }
  /// As somebody else's client sends it.
  void put(const std::string& topic, events::BrokerEvent event) {
    const std::lock_guard lock(mutex_);
    append(topic, std::move(event));
  }
  /// Changes what a subscription is given, before it is given: to repeat, drop and reorder.
  std::function<void(std::vector<events::ReceivedEvent>&)> on_receive;
  /// Acknowledged events so far.
  std::size_t size(const std::string& topic) {
    const std::lock_guard lock(mutex_);
    return topics_[topic].size();
  }
  std::vector<events::ReceivedEvent> content(const std::string& topic) {
    const std::lock_guard lock(mutex_);
    return topics_[topic];
  }
  /// What send() takes before outcomes are asked for.
  std::size_t max_waiting = 1000;

 private:
  class Publisher;
  class Subscription;

  void append(const std::string& topic, events::BrokerEvent event) {
    auto& events = topics_[topic];
    const auto partition = static_cast<std::int64_t>(std::hash<std::string>()(event.key) % static_cast<std::size_t>(partitions_));
    events.push_back({std::move(event), {partition, ++offsets_}});
  }
  std::string storage_id() const { return "storage-" + std::to_string(storage_); }

  const std::int64_t partitions_;
  std::mutex mutex_;
  bool is_down_ = false;
  std::int64_t storage_ = 1;
  std::int64_t offsets_ = 0;
  std::map<std::string, std::vector<events::ReceivedEvent>> topics_;
};

class MemoryBroker::Publisher final : public events::BrokerPublisher {
 public:
  Publisher(MemoryBroker& broker, std::string topic) : broker_(broker), topic_(std::move(topic)) {}

  bool send(const events::BrokerEvent& event, std::int64_t token) override {
    if (waiting_.size() >= broker_.max_waiting) return false;
    waiting_.emplace_back(event, token);
    return true;
  }
  std::vector<events::SendOutcome> outcomes(std::int64_t) override {
    const std::lock_guard lock(broker_.mutex_);
    std::vector<events::SendOutcome> outcomes;
    for (auto& [event, token] : waiting_) {
      if (!broker_.is_down_) broker_.append(topic_, std::move(event));
      outcomes.push_back({token, !broker_.is_down_, broker_.is_down_ ? "down" : ""});
    }
    waiting_.clear();
    return outcomes;
  }
  void reset() override { waiting_.clear(); }
  std::string storage_id() override {
    const std::lock_guard lock(broker_.mutex_);
    if (!broker_.is_down_) seen_storage_id_ = broker_.storage_id();
    return seen_storage_id_;
  }

 private:
  MemoryBroker& broker_;
  const std::string topic_;
  std::string seen_storage_id_;
  std::deque<std::pair<events::BrokerEvent, std::int64_t>> waiting_;
};

class MemoryBroker::Subscription final : public events::BrokerSubscription {
 public:
  Subscription(MemoryBroker& broker, std::string topic, const events::SubscriptionStart& start)
      : broker_(broker), topic_(std::move(topic)), storage_id_(start.storage_id) {
    for (const auto& next : start.next) next_[next.partition] = next.offset;
  }

  Result<std::vector<events::ReceivedEvent>> receive(std::size_t limit, std::int64_t) override {
    const std::lock_guard lock(broker_.mutex_);
    if (broker_.is_down_) return fail(events::broker_unavailable, "The broker is down.");
    if (storage_id_ != broker_.storage_id()) next_.clear();
    storage_id_ = broker_.storage_id();
    std::vector<events::ReceivedEvent> received;
    for (const auto& event : broker_.topics_[topic_]) {
      if (received.size() == limit) break;
      std::int64_t& next = next_[event.place.partition];
      if (event.place.offset < next) continue;
      next = event.place.offset + 1;
      received.push_back(event);
    }
    if (broker_.on_receive) broker_.on_receive(received);
    return received;
  }
  std::string storage_id() override { return storage_id_; }
  void interrupt() override {}

 private:
  MemoryBroker& broker_;
  const std::string topic_;
  std::string storage_id_;
  std::map<std::int64_t, std::int64_t> next_;
};

inline std::unique_ptr<events::BrokerPublisher> MemoryBroker::publish_to(const std::string& topic) {
  return std::make_unique<Publisher>(*this, topic);
}

inline std::unique_ptr<events::BrokerSubscription> MemoryBroker::subscribe_to(const std::string& topic,
                                                                              const events::SubscriptionStart& start) {
  return std::make_unique<Subscription>(*this, topic, start);
}

}  // namespace seamline::test
