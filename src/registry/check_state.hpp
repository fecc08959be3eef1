#pragma once

#include "base/clock.hpp"
#include "registry/instance.hpp"

namespace seamline::registry {

/// One check of an instance over time: a part of the Catalog, which locks. Not thread-safe.
class CheckState {
 public:
  /// `number` is one that no other check of the catalog has had.
  CheckState(CheckDefinition definition, std::uint64_t number, Instant now);

  const CheckDefinition& definition() const { return definition_; }
  std::uint64_t number() const { return number_; }
  CheckStatus status() const { return status_; }
  bool is_ttl() const { return definition_.ttl_ms > 0; }
  bool is_http() const { return !definition_.http.empty(); }
  /// As others see it.
  Check view() const;

  /// Takes over how an earlier check of the same id stood: an instance that registers again is no better or worse for it.
  void continue_from(const CheckState& earlier);
  /// The functions below say whether the status has changed.
  /// The instance's own word (TTL checks).
  bool update(CheckStatus status, std::string_view output, Instant now);
  /// What a run of an HTTP check showed. It counts towards the numbers in a row that the definition asks for.
  bool record(CheckStatus status, std::string_view output, Instant now);
  /// Turns critical a TTL check whose instance has not spoken in time.
  bool expire(Instant now);
  /// Whether the instance is to be forgotten.
  bool is_given_up(Instant now) const;

  /// Whether an HTTP check is to run now, and since when. After start_run() it is not, before record() was called.
  bool is_due(Instant now) const;
  Instant next_run() const { return next_run_; }
  void start_run() { is_running_ = true; }

 private:
  bool change(CheckStatus status, Instant now);

  CheckDefinition definition_;
  std::uint64_t number_;
  CheckStatus status_;
  std::string output_;
  Instant expires_;
  Instant next_run_;
  bool is_running_ = false;
  Instant critical_since_;
  std::int64_t successes_ = 0;
  std::int64_t failures_ = 0;
};

}  // namespace seamline::registry
