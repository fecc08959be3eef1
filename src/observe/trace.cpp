#include "observe/trace.hpp"

#include <cmath>
#include <cstring>
#include <span>
#include <utility>

#include "base/text.hpp"

namespace seamline::observe {
namespace {

/// The calendar and the steady clock may part by so much before the tracer follows the calendar.
constexpr std::int64_t tolerated_drift_ns = 10'000'000;
/// A span is small, so that a batch of them has a limit in bytes as well.
constexpr std::size_t max_value_bytes = 256;
constexpr std::size_t max_attributes = 16;

template <class Id>
Id random_id(Random& random) {
  Id id{};
  // All zeros would be no id: section 3.2.2.3.
  while (id == Id{}) random.fill(std::as_writable_bytes(std::span(id)));
  return id;
}

}  // namespace

Tracer::Tracer(Options options, const Clock& clock, Random& random) : options_(options), clock_(clock), random_(random) {
  offset_ns_.store(clock_.now().ms * 1'000'000 - clock_.monotonic().ns);
}

void Tracer::follow_calendar() {
  const std::int64_t offset_ns = clock_.now().ms * 1'000'000 - clock_.monotonic().ns;
  if (std::abs(offset_ns - offset_ns_.load()) > tolerated_drift_ns) offset_ns_.store(offset_ns);
}

bool Tracer::is_chosen() {
  if (options_.sampling.ratio >= 1) return true;
  // By chance and not by the trace id: a client chooses its ids, and must not thereby choose what is recorded.
  return static_cast<double>(random_.next_u64() >> 11U) * 0x1p-53 < options_.sampling.ratio;
}

bool Tracer::has_inbound_place() {
  const std::int64_t second = clock_.monotonic().ns / 1'000'000'000;
  const std::lock_guard lock(inbound_mutex_);
  if (second != inbound_second_) {
    inbound_second_ = second;
    inbound_taken_ = 0;
  }
  if (inbound_taken_ >= options_.sampling.inbound_per_s) return false;
  ++inbound_taken_;
  return true;
}

SpanId Tracer::new_span_id() { return random_id<SpanId>(random_); }

TraceContext Tracer::root() {
  TraceContext context{random_id<TraceId>(random_), new_span_id(), 0};
  if (is_chosen()) context.flags = TraceContext::sampled_flag;
  return context;
}

TraceContext Tracer::admit(std::string_view traceparent, SpanId& parent_id) {
  parent_id = {};
  const auto sent = TraceContext::parse(traceparent);
  if (!sent) return root();
  parent_id = sent->span_id;
  TraceContext context{sent->trace_id, new_span_id(), 0};
  const bool is_wanted =
      options_.sampling.parent_based ? sent->is_sampled() && (has_inbound_place() || is_chosen()) : is_chosen();
  if (is_wanted) context.flags = TraceContext::sampled_flag;
  return context;
}

TraceContext Tracer::child_of(const TraceContext& parent) { return {parent.trace_id, new_span_id(), parent.flags}; }

void Tracer::finish(Span&& span) {
  Span oldest;  // freed outside the lock
  const std::lock_guard lock(mutex_);
  if (ended_.size() >= options_.queue_spans) {
    oldest = std::move(ended_.front());
    ended_.pop_front();
    dropped_.fetch_add(1, std::memory_order_relaxed);
  }
  ended_.push_back(std::move(span));
}

std::vector<Span> Tracer::take(std::size_t most) {
  std::vector<Span> taken;
  const std::lock_guard lock(mutex_);
  taken.reserve(std::min(most, ended_.size()));
  while (taken.size() < most && !ended_.empty()) {
    taken.push_back(std::move(ended_.front()));
    ended_.pop_front();
  }
  return taken;
}

std::size_t Tracer::waiting() const {
  const std::lock_guard lock(mutex_);
  return ended_.size();
}

ActiveSpan::ActiveSpan(Tracer* tracer, SpanKind kind, std::string_view traceparent) {
  if (tracer == nullptr || !is_sampled(traceparent)) return;
  const auto parent = TraceContext::parse(traceparent);
  if (parent) *this = ActiveSpan(*tracer, kind, tracer->child_of(*parent), parent->span_id);
}

ActiveSpan::ActiveSpan(Tracer& tracer, SpanKind kind, const TraceContext& context, const SpanId& parent_id) {
  if (!context.is_sampled()) return;
  tracer_ = &tracer;
  span_.context = context;
  span_.parent_id = parent_id;
  span_.kind = kind;
  span_.started_ns = tracer.now_ns();
}

ActiveSpan::ActiveSpan(ActiveSpan&& other) noexcept
    : tracer_(std::exchange(other.tracer_, nullptr)), span_(std::move(other.span_)) {}

ActiveSpan& ActiveSpan::operator=(ActiveSpan&& other) noexcept {
  if (this == &other) return *this;
  finish();
  tracer_ = std::exchange(other.tracer_, nullptr);
  span_ = std::move(other.span_);
  return *this;
}

void ActiveSpan::attribute(std::string_view key, std::string_view value) {
  if (!is_recorded() || span_.attributes.size() >= max_attributes) return;
  span_.attributes.push_back({key, std::string(text_prefix(value, max_value_bytes))});
}

void ActiveSpan::attribute(std::string_view key, std::int64_t value) {
  if (is_recorded() && span_.attributes.size() < max_attributes) span_.attributes.push_back({key, value});
}

void ActiveSpan::fail(std::string_view code) {
  if (is_recorded()) span_.error_code = text_prefix(code, max_value_bytes);
}

void ActiveSpan::end() {
  if (is_recorded()) span_.ended_ns = tracer_->now_ns();
}

void ActiveSpan::finish() {
  if (!is_recorded()) return;
  if (span_.ended_ns == 0) end();
  std::exchange(tracer_, nullptr)->finish(std::move(span_));
}

}  // namespace seamline::observe
