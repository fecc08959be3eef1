#include "events/transaction_spans.hpp"

#include <utility>

namespace seamline::events {
namespace {

/// `order.OrderCreated.v1` of `seamline.order.OrderCreated.v1`.
std::string_view short_type(std::string_view type) {
  constexpr std::string_view prefix = "seamline.";
  return type.starts_with(prefix) ? type.substr(prefix.size()) : type;
}

}  // namespace

std::string TransactionSpans::begin(const std::string& publisher, const std::string& subscriber, const store::LogEntry& entry) {
  if (tracer_ == nullptr || !observe::is_sampled(entry.trace)) return entry.trace;
  current_ = observe::ActiveSpan(tracer_, observe::SpanKind::consumer, entry.trace);
  if (!current_.is_recorded()) return entry.trace;
  current_.name(std::string(short_type(entry.type)) + " -> " + subscriber);
  current_.attribute("seamline.module", subscriber);
  current_.attribute("messaging.system", "seamline");
  current_.attribute("messaging.operation.type", "process");
  current_.attribute("messaging.operation.name", "apply");
  current_.attribute("messaging.destination.name", publisher);
  current_.attribute("messaging.consumer.group.name", subscriber);
  current_.attribute("cloudevents.event_type", entry.type);
  current_.attribute("seamline.log.seq", entry.seq);
  return current_.traceparent();
}

void TransactionSpans::end(std::string_view error_code) {
  if (!current_.is_recorded()) return;
  if (!error_code.empty()) current_.fail(error_code);
  current_.end();
  ended_.push_back(std::exchange(current_, {}));
}

void TransactionSpans::committed() { ended_.clear(); }

void TransactionSpans::undone() {
  current_.cancel();
  for (observe::ActiveSpan& span : ended_) span.cancel();
  ended_.clear();
}

}  // namespace seamline::events
