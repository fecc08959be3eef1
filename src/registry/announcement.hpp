#pragma once

#include <atomic>

#include "base/loop.hpp"
#include "registry/consul_client.hpp"

namespace seamline::registry {

/// Keeps one instance registered: adds it, looks now and then whether the registry still knows it (it may have been restarted,
/// with an empty memory), and adds it again. One thread at a time.
class Announcement final : public Loop {
 public:
  /// `clock` exists and outlives the announcement.
  Announcement(ConsulClient::Options options, Registration registration, std::int64_t interval_ms, const Clock& clock);

  /// One look or one registration, once in `interval_ms`.
  bool step() override;
  /// Ends the request that is under way, and lets no further one begin, so that step() returns at once. Thread-safe.
  void finish();
  /// Takes the instance out of the registry, as far as that answers within `time_ms`; with none left it does not ask. Call it
  /// after finish(), once step() is not called any more.
  void withdraw(std::int64_t time_ms);

 private:
  Result<void> ensure();

  const ConsulClient::Options options_;
  ConsulClient client_;
  const Registration registration_;
  const std::int64_t interval_ms_;
  const Clock& clock_;
  Instant next_;
  std::atomic<bool> is_finished_{false};
  bool was_added_ = false;
  /// Also where the registry's answer to adding it did not come.
  bool may_be_registered_ = false;
  bool has_failed_ = false;
};

}  // namespace seamline::registry
