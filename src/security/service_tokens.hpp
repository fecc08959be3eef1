#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace seamline::security {

/// A service cannot prove who it is, because its token cannot be had: the call was not sent.
inline constexpr ErrorCode no_service_token{"request.no_service_token", Kind::unavailable};

/// A token by which a service proves itself to one other service.
struct ServiceToken {
  std::string token;
  /// How long it is valid, in seconds from when it was asked for.
  std::int64_t life_s = 0;
};

/// The caller's side of the trust between services: this service's tokens, one for each service that it calls. A token is
/// fetched when it is first needed, and renewed after two thirds of its life by whoever comes then, while the others go on with
/// the old one. Thread-safe; the source is asked once at a time for an audience, in a caller's thread.
class ServiceTokens {
 public:
  /// Gives a token for an audience: by the issuer's port, local or remote. Thread-safe, and bounded in time by itself. Must not
  /// need a token of this object: the issuer gives tokens to whoever has the secret.
  using Source = std::function<Result<ServiceToken>(std::string_view audience)>;

  /// After a failure nobody asks again for so long.
  static constexpr std::int64_t retry_failed_ms = 1'000;
  /// A token that says that it lives longer is renewed as if it lived so long.
  static constexpr std::int64_t max_life_s = 3'600;
  /// Services that one service calls: those of the composition.
  static constexpr std::size_t max_audiences = 64;

  /// `clock` exists and outlives it.
  ServiceTokens(Source source, const Clock& clock) : source_(std::move(source)), clock_(clock) {}

  /// The token for the header `Authorization: Bearer …` of a call to `audience`. An issuer that is away does no harm while the
  /// last token is valid. Errors: request.no_service_token, also past max_audiences; retryable, with what the source said.
  Result<std::string> token_for(std::string_view audience);

  /// The audience has refused this token although it is valid by its time: the issuer may have other keys now. It is not given
  /// out again, unless it is younger than a second: a refusal that a new token does not end must not load the issuer.
  void refused(std::string_view audience, std::string_view token);

 private:
  struct Held {
    std::string token;
    Instant fetched_at;
    Instant renew_at;
    Instant ends_at;
    Instant failed_at;
    Error problem;
    bool has_failed = false;
  };
  struct Slot {
    /// Held while the source is asked. Never taken while `mutex_` is held.
    std::mutex fetching;
    Held held;
  };

  Slot* slot_of(std::string_view audience);
  Held look(const Slot& slot) const;
  bool should_fetch(const Held& held) const;
  void fetch(Slot& slot, std::string_view audience);

  const Source source_;
  const Clock& clock_;
  /// Guards the map and what is held; never held while the source is asked. A slot stays where it is.
  mutable std::mutex mutex_;
  std::map<std::string, Slot, std::less<>> slots_;
};

}  // namespace seamline::security
