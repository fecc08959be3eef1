#pragma once

#include <atomic>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "observe/trace_context.hpp"

namespace seamline::observe {

/// As OTLP numbers them.
enum class SpanKind : std::uint8_t { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };

/// One attribute of a span. The key is a literal.
struct Attribute {
  std::string_view key;
  std::variant<std::string, std::int64_t> value;
};

/// Something that took time on behalf of a trace.
struct Span {
  /// Its own place.
  TraceContext context;
  /// The span that caused it; zeros where it is the first of its trace.
  SpanId parent_id{};
  std::string name;
  SpanKind kind = SpanKind::internal;
  /// Nanoseconds since 1970.
  std::int64_t started_ns = 0;
  std::int64_t ended_ns = 0;
  std::vector<Attribute> attributes;
  /// The code of the error with which it ended; empty where it ended well.
  std::string error_code;
  /// What other vendors' tracing left with the caller; mostly empty.
  std::string trace_state;
};

/// Which traces are recorded. What a trace's first span decides holds for all of it, in every process: who comes later asks the
/// flag in the trace context, never the tracer.
struct Sampling {
  /// The share of traces that is recorded, 0 to 1, where the decision is ours.
  double ratio = 1;
  /// A client's flag decides, within the limit below. Else the ratio does, whatever clients say.
  bool parent_based = true;
  /// Traces a second that are recorded because a client at the public gateway wants it; beyond them the ratio decides.
  std::int64_t inbound_per_s = 10;
};

/// Decides which traces are recorded, makes their ids, and keeps spans that have ended until they are exported: a queue with a
/// limit, from which the oldest spans go first. Thread-safe. Nothing of it waits.
class Tracer {
 public:
  struct Options {
    Sampling sampling;
    /// Spans that may wait for their export.
    std::size_t queue_spans = 8192;
  };

  /// `clock` and `random` exist and outlive the tracer.
  Tracer(Options options, const Clock& clock, Random& random);

  /// The context in which the first span of a new trace stands.
  TraceContext root();
  /// The same for a request from outside, which may continue the client's trace: `traceparent` is what it sent. Only where that
  /// is valid, `parent_id` is the client's span; else zeros.
  TraceContext admit(std::string_view traceparent, SpanId& parent_id);
  /// The context of a span below `parent`.
  TraceContext child_of(const TraceContext& parent);

  /// Nanoseconds since 1970, which never go back by themselves.
  std::int64_t now_ns() const { return clock_.monotonic().ns + offset_ns_.load(std::memory_order_relaxed); }
  /// Looks whether the machine's date has been set since: called now and then.
  void follow_calendar();

  void finish(Span&& span);
  /// Up to `most` spans, the oldest first.
  std::vector<Span> take(std::size_t most);
  std::size_t waiting() const;
  /// Spans that were lost because too many waited.
  std::int64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  bool is_chosen();
  /// Whether one more of the clients' traces is recorded in this second.
  bool has_inbound_place();
  SpanId new_span_id();

  const Options options_;
  const Clock& clock_;
  Random& random_;
  std::atomic<std::int64_t> offset_ns_{0};
  std::atomic<std::int64_t> dropped_{0};
  mutable std::mutex mutex_;
  std::deque<Span> ended_;
  std::mutex inbound_mutex_;
  std::int64_t inbound_second_ = -1;
  std::int64_t inbound_taken_ = 0;
};

/// A span that is under way. It ends with its lifetime, or at end(). One that was default-made, or whose trace is not recorded,
/// is nothing, and costs nothing. For one thread at a time.
class ActiveSpan {
 public:
  ActiveSpan() = default;
  /// Below the span that `traceparent` names; nothing where that trace is not recorded. `tracer` may be null, and else outlives
  /// the span.
  ActiveSpan(Tracer* tracer, SpanKind kind, std::string_view traceparent);
  /// At a place that root() or admit() gave. Nothing where it is not recorded.
  ActiveSpan(Tracer& tracer, SpanKind kind, const TraceContext& context, const SpanId& parent_id);
  ~ActiveSpan() { finish(); }
  ActiveSpan(ActiveSpan&& other) noexcept;
  ActiveSpan& operator=(ActiveSpan&& other) noexcept;

  bool is_recorded() const { return tracer_ != nullptr; }
  /// Under what those who are called from here run; empty where the span is not recorded.
  std::string traceparent() const { return is_recorded() ? span_.context.text() : std::string(); }

  void name(std::string text) { span_.name = std::move(text); }
  void trace_state(const std::string& text) { span_.trace_state = text; }
  /// `key` is a literal. Nothing that identifies a person goes into a span; long values are cut.
  void attribute(std::string_view key, std::string_view value);
  void attribute(std::string_view key, std::int64_t value);
  /// It ended with an error.
  void fail(std::string_view code);

  /// This is when it ended; it is handed over later, at the end of its lifetime.
  void end();
  /// It has not happened: what it belonged to was undone.
  void cancel() { tracer_ = nullptr; }

 private:
  void finish();

  Tracer* tracer_ = nullptr;
  Span span_;
};

}  // namespace seamline::observe
