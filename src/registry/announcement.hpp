#pragma once

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
  /// Takes the instance out of the registry, as far as that can be reached. Call it once step() is not called any more.
  void withdraw();

 private:
  Result<void> ensure();

  ConsulClient client_;
  const Registration registration_;
  const std::int64_t interval_ms_;
  const Clock& clock_;
  Instant next_;
  bool was_added_ = false;
  bool has_failed_ = false;
};

}  // namespace seamline::registry
