#pragma once

#include <string>
#include <vector>

#include "observe/trace.hpp"
#include "store/event_log.hpp"

namespace seamline::events {

/// The spans of the entries that a consumer applies in its open transaction. They are told after the commit, and never where the
/// transaction was undone: an entry that is applied again has one span. For the writer's thread.
class TransactionSpans {
 public:
  /// `tracer` may be null, and else outlives it.
  explicit TransactionSpans(observe::Tracer* tracer) : tracer_(tracer) {}

  /// An entry is about to be applied: "order.OrderCreated.v1 -> payment", below the span that published it. Returns the
  /// traceparent of what its handler publishes in turn.
  std::string begin(const std::string& publisher, const std::string& subscriber, const store::LogEntry& entry);
  /// Its handler is through. `error_code` is empty where the entry was applied.
  void end(std::string_view error_code);

  void committed();
  void undone();

 private:
  observe::Tracer* const tracer_;
  observe::ActiveSpan current_;
  std::vector<observe::ActiveSpan> ended_;
};

}  // namespace seamline::events
