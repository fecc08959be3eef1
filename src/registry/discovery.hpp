#pragma once

#include <atomic>

#include "base/loop.hpp"
#include "base/random.hpp"
#include "registry/consul_client.hpp"
#include "registry/discovered_endpoints.hpp"

namespace seamline::registry {

/// The meta entry of an instance that says its epoch, the number of the module's current ownership.
inline constexpr std::string_view epoch_meta = "seamline_epoch";

/// The urls of the instances. Where instances say their epoch, only those of the highest one: a module with a store has one owner
/// at a time, and a lower one has lost it. An address that cannot stand in a url is left out.
std::vector<std::string> urls_of(const std::vector<FoundInstance>& instances);

/// The index for the next blocking query after an answer's: from the start (0) where it went backwards, at least 1 else.
/// Source: Consul, "Blocking Queries", implementation details.
std::uint64_t next_index(std::uint64_t asked, std::uint64_t answered);

/// Follows one service: each step is one blocking query, and hands what it found to the endpoints. An error keeps what was
/// found last, and makes the next query wait (full jitter, doubling); answers that come without a pause are slowed down.
/// step() by one thread at a time.
class Discovery final : public Loop {
 public:
  struct Options {
    /// Two queries may follow each other at once; more only so often.
    std::int64_t min_interval_ms = 200;
    std::int64_t first_backoff_ms = 200;
    std::int64_t max_backoff_ms = 10'000;
  };

  /// `endpoints`, `clock` and `random` exist and outlive the discovery.
  Discovery(ConsulClient::Options client, std::string service, DiscoveredEndpoints& endpoints, Options options,
            const Clock& clock, Random& random);

  bool step() override;
  /// Ends the query that is under way, and lets no further one begin, so that the thread around this can be joined. Thread-safe.
  void finish() {
    is_finished_.store(true);
    client_.interrupt();
  }

 private:
  bool take_token();
  void back_off(const Error& error);

  ConsulClient client_;
  const std::string service_;
  DiscoveredEndpoints& endpoints_;
  const Options options_;
  const Clock& clock_;
  Random& random_;
  std::atomic<bool> is_finished_{false};
  std::uint64_t index_ = 0;
  Instant next_;
  Instant refilled_;
  int tokens_;
  int failures_ = 0;
};

}  // namespace seamline::registry
