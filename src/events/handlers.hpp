#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/assert.hpp"
#include "store/transaction.hpp"

namespace seamline::events {

/// An event with what is known of its place in the log.
template <Event E>
struct Heard {
  const E& event;
  const store::LogEntry& entry;
};

/// What a module does with the events that it hears, by publisher and type. Filled at start, immutable afterwards.
class Handlers {
 public:
  /// Applies one entry. Returns why the entry can never be applied where it cannot be read; empty when it was applied.
  using Handler = std::function<std::optional<std::string>(store::Transaction&, const store::LogEntry&)>;

  /// Hears E: `handler(transaction, event)` runs in the transaction that moves the cursor, so its effect is exactly-once. It
  /// never waits for the outside world. What it throws when run alone makes a dead letter of the entry.
  template <Event E, class Handle>
  void hear(Handle handler) {
    Handler& kept = by_publisher_[std::string(E::type.module)][E::type.full_name()];
    SEAMLINE_ASSERT(!kept);
    kept = [handler = std::move(handler)](store::Transaction& transaction,
                                          const store::LogEntry& entry) -> std::optional<std::string> {
      if (entry.typed) {
        handler(transaction, *static_cast<const E*>(entry.typed.get()));
        return std::nullopt;
      }
      const auto event = decode_event<E>(entry.payload);
      if (!event) return event.error().detail;
      handler(transaction, *event);
      return std::nullopt;
    };
  }

  using ByType = std::map<std::string, Handler, std::less<>>;
  /// The publishers that are heard, each with its handlers by event type.
  const std::map<std::string, ByType>& by_publisher() const { return by_publisher_; }

 private:
  std::map<std::string, ByType> by_publisher_;
};

}  // namespace seamline::events
