#include "observe/otlp.hpp"

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "observe/log.hpp"

namespace seamline::observe {
namespace {

constexpr std::int64_t first_pause_ms = 1'000;
constexpr std::int64_t longest_pause_ms = 30'000;
/// However long a collector wants to be left alone.
constexpr std::int64_t longest_retry_after_ms = 300'000;
constexpr std::int64_t log_every_ms = 10'000;

/// The statuses after which the same request may be sent again (OTLP/HTTP, section Retryable Response Codes).
bool is_passing(int status) { return status == 429 || status == 502 || status == 503 || status == 504; }

/// An integer of 64 bits, which senders write as a string or as a number.
std::int64_t integer_of(const json::Value* value) {
  if (value == nullptr) return 0;
  if (value->is(json::Type::integer)) return value->integer;
  std::int64_t number = 0;
  std::from_chars(value->text.data(), value->text.data() + value->text.size(), number);
  return number;
}

}  // namespace

OtlpExporter::OtlpExporter(Options options, Tracer& tracer, Measure measure, OtlpCarrier& carrier, const Clock& clock,
                           Random& random)
    : options_(std::move(options)),
      tracer_(tracer),
      measure_(std::move(measure)),
      carrier_(carrier),
      clock_(clock),
      random_(random),
      started_ns_(tracer.now_ns()),
      next_spans_(clock.monotonic().plus_ms(options_.export_ms)),
      next_metrics_(next_spans_) {}

bool OtlpExporter::step() {
  tracer_.follow_calendar();
  const bool has_sent_spans = export_spans();
  const bool has_sent_metrics = export_metrics();
  return has_sent_spans || has_sent_metrics;
}

bool OtlpExporter::has_batch(Instant now) {
  if (!batch_.empty()) return true;
  const std::size_t waiting = tracer_.waiting();
  if (waiting == 0 || (now < next_spans_ && waiting < options_.batch_spans)) return false;
  if (waiting <= options_.batch_spans) next_spans_ = now.plus_ms(options_.export_ms);
  batch_ = tracer_.take(options_.batch_spans);
  attempts_ = 0;
  next_attempt_ = now;
  return !batch_.empty();
}

bool OtlpExporter::export_spans() {
  const Instant now = clock_.monotonic();
  if (options_.traces_url.empty() || !has_batch(now) || now < next_attempt_) return false;
  return send_spans(options_.timeout_ms) != Verdict::again;
}

OtlpExporter::Verdict OtlpExporter::send_spans(std::int64_t timeout_ms) {
  ++attempts_;
  const OtlpAnswer answer = carrier_.post(options_.traces_url, encode_spans(options_.resource, batch_), timeout_ms);
  Verdict verdict = judge(answer, "spans");
  if (verdict == Verdict::again && attempts_ >= options_.most_attempts) verdict = Verdict::refused;
  if (verdict == Verdict::again) {
    next_attempt_ = clock_.monotonic().plus_ms(pause_ms(answer));
    return verdict;
  }
  const auto all = static_cast<std::int64_t>(batch_.size());
  const std::int64_t rejected = verdict == Verdict::refused ? all : std::min(all, read_rejected(answer.body, "rejectedSpans"));
  spans_failed_.fetch_add(rejected, std::memory_order_relaxed);
  spans_exported_.fetch_add(all - rejected, std::memory_order_relaxed);
  batch_.clear();
  return verdict;
}

bool OtlpExporter::export_metrics() {
  const Instant now = clock_.monotonic();
  if (options_.metrics_url.empty() || now < next_metrics_) return false;
  next_metrics_ = now.plus_ms(options_.export_ms);
  (void)send_metrics(options_.timeout_ms);
  return true;
}

OtlpExporter::Verdict OtlpExporter::send_metrics(std::int64_t timeout_ms) {
  OtlpMetrics metrics(options_.resource, started_ns_, tracer_.now_ns());
  measure_(metrics);
  const OtlpAnswer answer = carrier_.post(options_.metrics_url, metrics.take(), timeout_ms);
  const Verdict verdict = judge(answer, "metrics");
  // Not sent again: they are cumulative, and the next ones tell all that these would have.
  if (verdict == Verdict::again && answer.retry_after_ms > 0) {
    next_metrics_ = std::max(next_metrics_, clock_.monotonic().plus_ms(pause_ms(answer)));
  }
  if (verdict == Verdict::taken) (void)read_rejected(answer.body, "rejectedDataPoints");
  (verdict == Verdict::taken ? metrics_exported_ : metrics_failed_).fetch_add(1, std::memory_order_relaxed);
  return verdict;
}

OtlpExporter::Verdict OtlpExporter::judge(const OtlpAnswer& answer, std::string_view what) {
  if (answer.status >= 200 && answer.status < 300) return Verdict::taken;
  const std::string why = answer.status == 0
                              ? answer.problem
                              : "it answered " + std::to_string(answer.status) + " " + std::string(text_prefix(answer.body, 200));
  log("the collector does not take " + std::string(what) + ": " + why);
  return answer.status == 0 || is_passing(answer.status) ? Verdict::again : Verdict::refused;
}

std::int64_t OtlpExporter::read_rejected(const std::string& body, std::string_view member) {
  const auto parsed = json::parse(body);
  const json::Value* partial = parsed ? parsed->find("partialSuccess") : nullptr;
  if (partial == nullptr) return 0;
  const std::int64_t rejected = std::max<std::int64_t>(0, integer_of(partial->find(member)));
  const json::Value* message = partial->find("errorMessage");
  const std::string said = message == nullptr ? std::string() : std::string(text_prefix(message->text, 200));
  if (rejected > 0 || !said.empty()) log("the collector left out " + std::to_string(rejected) + " of what it took: " + said);
  return rejected;
}

std::int64_t OtlpExporter::pause_ms(const OtlpAnswer& answer) {
  if (answer.retry_after_ms > 0) return std::min(answer.retry_after_ms, longest_retry_after_ms);
  const std::int64_t longest = std::min(longest_pause_ms, first_pause_ms << std::clamp(attempts_ - 1, 0, 10));
  // Half of it is chance, so that the processes of a shop do not come back all at once.
  return longest / 2 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(longest / 2) + 1));
}

void OtlpExporter::log(const std::string& problem) {
  const Instant now = clock_.monotonic();
  if (next_log_ && now < *next_log_) return;
  next_log_ = now.plus_ms(log_every_ms);
  log_warning("telemetry", problem);
}

void OtlpExporter::flush(std::int64_t timeout_ms) {
  const Instant until = clock_.monotonic().plus_ms(timeout_ms);
  const auto left_ms = [&] { return std::min(options_.timeout_ms, clock_.monotonic().ms_until(until)); };
  const auto has_spans = [&] {
    if (batch_.empty()) batch_ = tracer_.take(options_.batch_spans);
    return !batch_.empty();
  };
  bool is_taken = true;
  while (!options_.traces_url.empty() && is_taken && left_ms() > 0 && has_spans()) {
    is_taken = send_spans(left_ms()) == Verdict::taken;
  }
  if (!options_.metrics_url.empty() && left_ms() > 0) (void)send_metrics(left_ms());
  spans_failed_.fetch_add(static_cast<std::int64_t>(batch_.size() + tracer_.waiting()), std::memory_order_relaxed);
}

OtlpCounts OtlpExporter::counts() const {
  return {spans_exported_.load(), spans_failed_.load(), metrics_exported_.load(), metrics_failed_.load()};
}

void OtlpExporter::write_metrics(MetricSink& out) const {
  const OtlpCounts done = counts();
  const auto count = [&](std::string_view name, std::string_view help, std::int64_t value) {
    out.family(name, MetricType::counter, help);
    out.sample({}, static_cast<double>(value));
  };
  count("seamline_telemetry_spans_exported_total", "Spans that a collector took.", done.spans_exported);
  count("seamline_telemetry_spans_failed_total", "Spans that a collector refused, or that were given up.", done.spans_failed);
  count("seamline_telemetry_spans_dropped_total", "Spans lost because too many waited to be told.", tracer_.dropped());
  count("seamline_telemetry_metrics_exported_total", "Times that a collector took the metrics.", done.metrics_exported);
  count("seamline_telemetry_metrics_failed_total", "Times that it did not.", done.metrics_failed);
  out.family("seamline_telemetry_spans_waiting", MetricType::gauge, "Spans that wait to be told.");
  out.sample({}, static_cast<double>(tracer_.waiting()));
}

}  // namespace seamline::observe
