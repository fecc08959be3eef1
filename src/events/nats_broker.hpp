#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "events/broker.hpp"

/// NATS with JetStream as the broker. A topic is a stream of the prefix and the topic's name, which takes the subject of that
/// same name (in a stream's name every character but letters, digits, `-` and `_` is a `_`); whoever publishes there with a plain
/// NATS client is heard. The offset of an event is its sequence number in the stream, in one partition, 0.
///
/// An event is a CloudEvent in the binary mode of the NATS binding: a header `ce-<attribute>` each, percent-encoded. The key is
/// in a header of ours, `Seamline-Key`, not in the subject: a server keeps what it knows of a subject in memory, and keys are
/// many.
///
/// The storage of a topic is named by the time when the stream was made, in nanoseconds; a stream that ends before what was
/// acknowledged or received, because its disk lost the tail, gets another name too. The id of a server does not count: it
/// changes with every start.
namespace seamline::events {

struct NatsOptions {
  /// `nats://host:port`, or `tls://`; of a cluster as many as shall be tried.
  std::vector<std::string> urls = {"nats://127.0.0.1:4222"};
  /// Before every topic's name: "shop." makes "shop.orders".
  std::string prefix;

  /// Of a stream that has to be made; one that is there is left as it is.
  std::int64_t replicas = 1;
  /// Likewise; 0 is no limit.
  std::int64_t max_age_s = 0;
  std::int64_t max_bytes = 0;

  /// Events that a publisher holds while their outcome is open.
  std::size_t max_waiting = 4096;
  /// For each server.
  std::int64_t connect_timeout_ms = 2'000;
  /// For a question to the server, and for the write of an event.
  std::int64_t request_timeout_ms = 5'000;
  /// A publisher that has heard nothing for so long, while events wait, takes them for failed.
  std::int64_t acknowledgement_timeout_ms = 5'000;
  /// How often an idle publisher looks whether its stream is still the same one, and a subscription whether it has come to be.
  std::int64_t look_interval_ms = 1'000;
  /// How often the server shows an idle subscription that it is there: after three without, the subscription begins again.
  std::int64_t heartbeat_ms = 1'000;

  /// A `.creds` file, or else user and password; empty for none.
  std::string credentials_file;
  std::string user;
  std::string password;
  bool tls = false;
  /// PEM; empty for the system's.
  std::string ca_file;

  /// The server's monitoring, `http://host:8222`: only there it tells its version and when it writes to the disk. May be empty.
  std::string monitor_url;
};

class NatsBroker final : public Broker {
 public:
  /// `clock` outlives the broker and what it makes.
  explicit NatsBroker(NatsOptions options, const Clock& clock = Clock::system());

  std::string_view name() const override { return "nats"; }
  std::unique_ptr<BrokerPublisher> publish_to(const std::string& topic) override;
  std::unique_ptr<BrokerSubscription> subscribe_to(const std::string& topic, const SubscriptionStart& start) override;
  Result<BrokerReport> inspect(std::int64_t timeout_ms) override;

 private:
  const std::shared_ptr<const NatsOptions> options_;
  const Clock& clock_;
};

}  // namespace seamline::events
