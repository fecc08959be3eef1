#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/endpoints.hpp"

namespace seamline::registry {

/// Balances over the instances of a service that discovery gives, in turn, and leaves out for a while those that keep failing
/// (outlier ejection). Where none is known, the configured url is used: before the first answer of the registry, when nobody has
/// registered, and when a list that has become empty has stayed so for `hold_ms` (a registry that was restarted knows nobody
/// for a moment). Thread-safe.
class DiscoveredEndpoints final : public http::Endpoints {
 public:
  struct Options {
    /// Failures in a row that eject an instance.
    int failures = 5;
    /// How long it stays out the first time; each further time in a row it is longer by as much, up to the maximum.
    std::int64_t eject_ms = 10'000;
    std::int64_t max_eject_ms = 300'000;
    /// How long the last known instances are used after the registry has none any more.
    std::int64_t hold_ms = 30'000;
  };

  /// `configured_url` may be empty. `clock` exists and outlives this.
  DiscoveredEndpoints(std::string configured_url, Options options, const Clock& clock)
      : configured_url_(std::move(configured_url)), options_(options), clock_(clock) {}
  DiscoveredEndpoints(std::string configured_url, const Clock& clock)
      : DiscoveredEndpoints(std::move(configured_url), Options(), clock) {}

  /// What discovery found. An instance that stays keeps what is known of it.
  void set_urls(const std::vector<std::string>& urls);
  /// The instances that are used now, without those that are ejected.
  std::vector<std::string> available() const;

  Result<std::string> choose() override;
  void report(const std::string& url, bool has_answered) override;

 private:
  struct Endpoint {
    std::string url;
    int failures = 0;
    int ejections = 0;
    Instant ejected_until;

    bool is_ejected(Instant now) const { return now < ejected_until; }
  };

  /// Drops held instances whose time is over.
  void end_hold(Instant now);
  /// At most half of the instances are out at once, so never the last one.
  bool may_eject(Instant now) const;

  const std::string configured_url_;
  const Options options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Endpoint> endpoints_;
  /// Since when the registry has had none; never() while it has some.
  Instant empty_since_ = Instant::never();
  std::size_t next_ = 0;
};

}  // namespace seamline::registry
