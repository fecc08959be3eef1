#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>

#include "base/loop.hpp"
#include "observe/otlp_json.hpp"

namespace seamline::observe {

/// What a collector said to one request.
struct OtlpAnswer {
  /// 0 where no answer came: `problem` then says why.
  int status = 0;
  /// Retry-After; 0 where it says nothing.
  std::int64_t retry_after_ms = 0;
  std::string body;
  std::string problem;
};

/// Brings requests to a collector. For one thread at a time.
class OtlpCarrier {
 public:
  virtual ~OtlpCarrier() = default;
  /// Posts JSON to `url`, once, within `timeout_ms`.
  virtual OtlpAnswer post(const std::string& url, const std::string& body, std::int64_t timeout_ms) = 0;
};

/// What an exporter has done since it was made.
struct OtlpCounts {
  std::int64_t spans_exported = 0;
  /// Refused by the collector, or given up.
  std::int64_t spans_failed = 0;
  std::int64_t metrics_exported = 0;
  std::int64_t metrics_failed = 0;
};

/// Tells a collector of spans, in batches, and now and then of metrics. What cannot be told is dropped and counted: nothing of
/// the shop ever waits for it. step() is for one thread, counts() for any.
class OtlpExporter final : public Loop {
 public:
  struct Options {
    Resource resource;
    /// Where spans and metrics go, with their paths; empty where they go nowhere.
    std::string traces_url;
    std::string metrics_url;
    /// How long spans wait for others at most, and how often metrics are told.
    std::int64_t export_ms = 5'000;
    /// For one request.
    std::int64_t timeout_ms = 3'000;
    /// Spans in one request. A span is at most some kilobytes, so that a request stays far below what collectors take.
    std::size_t batch_spans = 512;
    /// How often one batch is sent. A later one would find others waiting behind it.
    int most_attempts = 6;
  };
  using Measure = std::function<void(MetricSink&)>;

  /// All exist and outlive the exporter, also what `measure` refers to.
  OtlpExporter(Options options, Tracer& tracer, Measure measure, OtlpCarrier& carrier, const Clock& clock, Random& random);

  bool step() override;
  /// Tells what is left, each batch once, for at most `timeout_ms`. Nobody steps the loop any more.
  void flush(std::int64_t timeout_ms);

  OtlpCounts counts() const;
  /// The same as metrics, with the spans that the tracer had to drop.
  void write_metrics(MetricSink& out) const;

 private:
  enum class Verdict : std::uint8_t { taken, again, refused };

  bool export_spans();
  bool export_metrics();
  bool has_batch(Instant now);
  /// Sends the batch, and forgets it unless it is sent again.
  Verdict send_spans(std::int64_t timeout_ms);
  Verdict send_metrics(std::int64_t timeout_ms);
  Verdict judge(const OtlpAnswer& answer, std::string_view what);
  /// Where the collector took a part only: how many it refused.
  std::int64_t read_rejected(const std::string& body, std::string_view member);
  std::int64_t pause_ms(const OtlpAnswer& answer);
  void log(const std::string& problem);

  const Options options_;
  Tracer& tracer_;
  const Measure measure_;
  OtlpCarrier& carrier_;
  const Clock& clock_;
  Random& random_;
  const std::int64_t started_ns_;

  std::vector<Span> batch_;
  int attempts_ = 0;
  Instant next_attempt_;
  Instant next_spans_;
  Instant next_metrics_;
  std::optional<Instant> next_log_;

  std::atomic<std::int64_t> spans_exported_{0};
  std::atomic<std::int64_t> spans_failed_{0};
  std::atomic<std::int64_t> metrics_exported_{0};
  std::atomic<std::int64_t> metrics_failed_{0};
};

}  // namespace seamline::observe
