#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "events/nats_client.hpp"
#include "events/nats_wire.hpp"

namespace seamline::events::nats {

/// Receives through an ordered consumer: one that the server forgets with the connection, that acknowledges nothing, and that is
/// made again from the next event on whenever something is missing: a number in its count, or its heartbeats. The server's flow
/// control keeps what is under way below 32 MB.
class Subscription final : public BrokerSubscription {
 public:
  Subscription(std::shared_ptr<const NatsOptions> options, const Clock& clock, const std::string& topic,
               const SubscriptionStart& start);

  Result<std::vector<ReceivedEvent>> receive(std::size_t limit, std::int64_t wait_ms) override;
  std::string storage_id() override { return storage_.id(); }
  /// One that comes while receive() makes a connection waits for that, at most as long as connect_timeout_ms for each server.
  void interrupt() override;

 private:
  Result<void> begin();
  Result<std::shared_ptr<Connection>> connect();
  /// Takes what has come, up to `limit`, and waits for the first for so long.
  void take(std::vector<ReceivedEvent>& events, std::size_t limit, std::int64_t wait_ms);
  void take_event(natsMsg* message, const Delivery& delivery, std::vector<ReceivedEvent>& events);
  void obey(natsMsg* message);
  void answer(std::string_view subject);
  bool is_reading() const { return inbox_.messages != nullptr; }
  void begin_again() { inbox_ = {}; }

  const std::shared_ptr<const NatsOptions> options_;
  const Clock& clock_;
  const TopicNames names_;
  const bool makes_topic_;

  std::atomic<bool> is_interrupted_{false};
  std::mutex mutex_;  // of connection_, which interrupt() closes
  std::shared_ptr<Connection> connection_;

  Inbox inbox_;
  StorageIdentity storage_;
  /// In the stream, and in the count of what the consumer was sent.
  std::uint64_t next_ = 1;
  std::uint64_t next_delivery_ = 1;
  /// When to look again, where nothing comes until then.
  Instant look_at_{};
};

}  // namespace seamline::events::nats
