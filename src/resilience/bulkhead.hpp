#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

#include "base/clock.hpp"
#include "contract/fields.hpp"
#include "resilience/errors.hpp"

namespace seamline::resilience {

/// How many calls to one callee may be under way.
struct BulkheadSettings {
  std::int64_t max_in_flight = 128;
  std::int64_t max_waiting = 64;
  std::int64_t max_wait_ms = 1'000;

  static constexpr std::tuple fields{
      Field{"max_in_flight", &BulkheadSettings::max_in_flight, "Calls to one module that are under way at once.",
            range(1, 100'000)},
      Field{"max_waiting", &BulkheadSettings::max_waiting,
            "Further calls that wait for one of these to end; 0 refuses them at once.", range(0, 100'000)},
      Field{"max_wait_ms", &BulkheadSettings::max_wait_ms, "How long they wait, within their deadline, in milliseconds.",
            range(0, 60'000)}};
};

/// Bounds how much of this process one slow callee can hold, and sheds what is over it. Who waits longest comes in first.
/// Thread-safe.
class Bulkhead {
 public:
  /// A place inside, held while it lives. The bulkhead outlives it.
  class Place {
   public:
    Place(Place&& other) noexcept : bulkhead_(std::exchange(other.bulkhead_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (bulkhead_ != nullptr) bulkhead_->leave();
    }

   private:
    friend Bulkhead;
    explicit Place(Bulkhead& bulkhead) : bulkhead_(&bulkhead) {}
    Bulkhead* bulkhead_;
  };

  /// `clock` exists and outlives it; it says how long is left, the wait itself counts real time.
  Bulkhead(const BulkheadSettings& settings, const Clock& clock) : settings_(settings), clock_(clock) {}

  /// Takes a place, or waits for one. Errors: call.bulkhead_full, not run and retryable.
  Result<Place> enter(Instant deadline);

  std::int64_t in_flight() const;
  /// Whether one who has a place may hold it for long: no more than half of them are taken. All who were told so at their
  /// entering are never more than that half.
  bool has_room_to_wait() const { return in_flight() <= (settings_.max_in_flight + 1) / 2; }
  std::int64_t waiting() const;

 private:
  struct Waiter {
    std::condition_variable changed;
    bool has_place = false;
  };

  void leave();

  const BulkheadSettings settings_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::int64_t in_flight_ = 0;
  std::deque<Waiter*> waiters_;
};

}  // namespace seamline::resilience
