#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace seamline::user {

/// Slows down whoever tries passwords on one account (OWASP ASVS 6.3.1): after `failures` failed logins within `window_ms` of
/// the first of them, further ones are refused, right or wrong, until the window ends. Accounts that do not exist are counted
/// too, so that a refusal does not tell who does.
///
/// What it knows lives in memory only, on purpose: a write for each failed login would let anybody load the writer, and a restart
/// gives an attacker one more window's tries and nothing else. Thread-safe.
class LoginThrottle {
 public:
  struct Limits {
    std::int64_t failures = 10;
    std::int64_t window_ms = 900'000;
    /// Accounts that are remembered; past that, the one whose window ends first is forgotten.
    std::size_t accounts = 10'000;
  };

  /// `clock` exists and outlives it.
  LoginThrottle(Limits limits, const Clock& clock) : limits_(limits), clock_(clock) {}

  /// Lets one login to `account` begin, and counts it as failed until the caller says otherwise: of many at once no more than the
  /// limit get through. Errors: oauth.slow_down, with retry_after_ms.
  Result<void> begin(const std::string& account);
  /// The password was right.
  void succeeded(const std::string& account);
  /// The password was not checked at all: the try does not count.
  void not_tried(const std::string& account);

 private:
  struct Tries {
    std::int64_t count = 0;
    Instant ends_at;
  };

  void make_room(Instant now);

  const Limits limits_;
  const Clock& clock_;
  std::mutex mutex_;
  std::unordered_map<std::string, Tries> tries_;
};

}  // namespace seamline::user
