#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "events/nats_client.hpp"
#include "events/nats_wire.hpp"

namespace seamline::events::nats {

/// Sends in rounds. A round is one connection's use of one stream, in which events and outcomes keep their order. At the first
/// failure the round ends, and all that waits has failed: nothing that was sent later may be stored before a repetition of what
/// was not. The next outcomes() begins a new round, with a connection of its own where the old one was lost.
///
/// `Nats-Msg-Id` is the CloudEvents id, so the server takes a repetition within its window (two minutes) for stored already. That
/// is believed as far as it is true: the event that the server means is still in the stream, and behind those that were sent
/// before it. Else the round fails, and later ones have ids of their own, `<id>@<n>`: what was purged can be filled in again.
class Publisher final : public BrokerPublisher {
 public:
  Publisher(std::shared_ptr<const NatsOptions> options, const Clock& clock, const std::string& topic);

  bool send(const BrokerEvent& event, std::int64_t token) override;
  std::vector<SendOutcome> outcomes(std::int64_t wait_ms) override;
  void reset() override;
  std::string storage_id() override;

 private:
  struct Waiting {
    std::int64_t token = 0;
    bool is_answered = false;
    Acknowledgement answer{};
  };

  void begin_round();
  Result<StreamState> find_stream();
  void end_round();
  void publish(const BrokerEvent& event);
  /// Takes what has come, and waits for the first for so long.
  void collect(std::int64_t wait_ms);
  void note(natsMsg* message);
  void release(std::vector<SendOutcome>& out);
  /// Why the next event that waits is not where it should be; empty where it is.
  std::string check(const Acknowledgement& answer);
  void look_around();
  void send_buffered(std::int64_t wait_ms);
  void fail_waiting(std::vector<SendOutcome>& out);
  bool in_round() const { return inbox_.messages != nullptr; }

  const std::shared_ptr<const NatsOptions> options_;
  const Clock& clock_;
  const TopicNames names_;

  std::shared_ptr<Connection> connection_;
  Inbox inbox_;
  StorageIdentity storage_;
  /// The first sequence number of the stream when the round began, and that of the last acknowledgement.
  std::uint64_t first_ = 0;
  std::uint64_t last_ = 0;
  /// Behind every message's id.
  std::string repetition_;
  bool wants_new_ids_ = false;

  std::deque<Waiting> waiting_;
  /// Of those that wait the last ones, which have not been sent.
  std::deque<BrokerEvent> unsent_;
  /// The number in the reply subject of the first that waits.
  std::uint64_t front_ = 0;
  bool has_buffered_ = false;
  /// Why the round failed; else empty.
  std::string problem_;
  Instant heard_at_{};
  Instant look_at_{};
};

}  // namespace seamline::events::nats
