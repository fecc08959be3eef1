#pragma once

#include <memory>
#include <nats/nats.h>
#include <optional>
#include <string>

#include "events/nats_broker.hpp"

/// The C client of NATS, as far as the broker needs it, with owners for what it makes.
namespace seamline::events::nats {

struct Destroy {
  void operator()(natsOptions* options) const { natsOptions_Destroy(options); }
  void operator()(natsConnection* connection) const { natsConnection_Destroy(connection); }
  void operator()(natsSubscription* subscription) const { natsSubscription_Destroy(subscription); }
  void operator()(natsMsg* message) const { natsMsg_Destroy(message); }
  void operator()(jsCtx* context) const { jsCtx_Destroy(context); }
  void operator()(jsStreamInfo* info) const { jsStreamInfo_Destroy(info); }
  void operator()(jsAccountInfo* info) const { jsAccountInfo_Destroy(info); }
};

template <class T>
using Owned = std::unique_ptr<T, Destroy>;

/// Why a call of the client failed, in words.
std::string reason(natsStatus status);

/// What a topic is called at the server.
struct TopicNames {
  TopicNames(const NatsOptions& options, const std::string& topic);
  std::string stream;
  std::string subject;
};

/// What a stream says of itself.
struct StreamState {
  std::int64_t created_ns = 0;
  std::uint64_t first = 0;
  std::uint64_t last = 0;
};

/// Which storage a topic has: see nats_broker.hpp.
class StorageIdentity {
 public:
  StorageIdentity() = default;
  /// Goes on from what was known before, up to the sequence number `reached`.
  StorageIdentity(std::string id, std::uint64_t reached) : id_(std::move(id)), reached_(reached) {}

  /// Compares the stream with what is known. Returns whether its storage is another one.
  bool see(const StreamState& stream);
  /// The stream has this sequence number.
  void reach(std::uint64_t sequence) { reached_ = std::max(reached_, sequence); }
  const std::string& id() const { return id_; }

 private:
  std::string id_;
  std::uint64_t reached_ = 0;
};

/// A subject of our own at one connection, and what has come there.
struct Inbox {
  std::string subject;
  Owned<natsSubscription> messages;
};

/// One connection, which ends for good when it is lost: a client that reconnects by itself would send what it had kept after
/// what was lost on the way, in another order. Thread-safe.
class Connection {
 public:
  enum class Sending { in_batches, at_once };
  /// Tries each server once. Errors: events.broker_unavailable, for all that follow too.
  static Result<std::shared_ptr<Connection>> open(const NatsOptions& options, Sending sending);

  bool is_open() const { return !natsConnection_IsClosed(connection_.get()); }
  /// Ends every wait at it.
  void close() { natsConnection_Close(connection_.get()); }

  /// Nothing where there is no such stream.
  Result<std::optional<StreamState>> look_up(const TopicNames& names);
  /// Makes the stream, also where somebody else does so at the same time.
  Result<StreamState> make(const TopicNames& names, const NatsOptions& options);
  /// Lets the server send the stream from a sequence number on to an inbox, in order, until the connection ends. Nothing is
  /// acknowledged or kept.
  Result<void> send_stream(const TopicNames& names, const std::string& inbox, std::uint64_t first, std::int64_t heartbeat_ms);
  /// With `is_pattern`, for all subjects that begin with the inbox's and a dot.
  Result<Inbox> open_inbox(bool is_pattern);

  natsConnection* connection() const { return connection_.get(); }
  jsCtx* streams() const { return streams_.get(); }

 private:
  Connection() = default;

  Owned<natsConnection> connection_;
  Owned<jsCtx> streams_;
};

}  // namespace seamline::events::nats
