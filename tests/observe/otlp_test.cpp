#include "observe/otlp.hpp"

#include <deque>

#include "observe/exposition.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using observe::ActiveSpan;
using observe::OtlpAnswer;
using observe::OtlpExporter;

namespace {

const std::string sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A collector of the test's own: says what it is told to, then 200.
struct Collector final : observe::OtlpCarrier {
  OtlpAnswer post(const std::string& url, const std::string& body, std::int64_t timeout_ms) override {
    requests.emplace_back(url, body);
    timeouts_ms.push_back(timeout_ms);
    clock.advance_ms(takes_ms);
    if (answers.empty()) return {200, 0, "{}", {}};
    OtlpAnswer answer = answers.front();
    answers.pop_front();
    return answer;
  }
  explicit Collector(test::ManualClock& shared_clock) : clock(shared_clock) {}

  test::ManualClock& clock;
  std::int64_t takes_ms = 0;
  std::deque<OtlpAnswer> answers;
  std::vector<std::pair<std::string, std::string>> requests;
  std::vector<std::int64_t> timeouts_ms;
};

OtlpExporter::Options to(const std::string& traces, const std::string& metrics, std::size_t batch_spans = 512) {
  OtlpExporter::Options options;
  options.resource = {{"service.name", "test"}};
  options.traces_url = traces;
  options.metrics_url = metrics;
  options.batch_spans = batch_spans;
  return options;
}

struct Export {
  explicit Export(OtlpExporter::Options options = to("T", ""))
      : exporter(std::move(options), tracer, [this](observe::MetricSink& out) { measure(out); }, collector, clock, random) {}

  void measure(observe::MetricSink& out) {
    ++measured;
    out.family("things_total", observe::MetricType::counter, "Things.");
    out.sample({}, 1);
  }
  void make_spans(int count) {
    for (int i = 0; i < count; ++i) ActiveSpan(&tracer, observe::SpanKind::client, sampled).name("made");
  }
  /// Steps it as its thread would for so long. Returns how many requests went out.
  int run_ms(std::int64_t duration_ms) {
    const std::size_t before = collector.requests.size();
    for (std::int64_t passed_ms = 0; passed_ms <= duration_ms; passed_ms += 50) {
      while (exporter.step()) {
      }
      clock.advance_ms(50);
    }
    return static_cast<int>(collector.requests.size() - before);
  }
  std::size_t told() const {
    std::size_t count = 0;
    for (const auto& [url, body] : collector.requests) {
      for (std::size_t at = body.find("\"traceId\""); at != std::string::npos; at = body.find("\"traceId\"", at + 1)) ++count;
    }
    return count;
  }

  test::ManualClock clock;
  SeededRandom random{1};
  observe::Tracer tracer{{}, clock, random};
  Collector collector{clock};
  int measured = 0;
  OtlpExporter exporter;
};

}  // namespace

TEST_CASE("spans wait for others, and then go in one request") {
  Export one;
  one.make_spans(3);
  CHECK(one.run_ms(4'000) == 0);
  one.make_spans(2);
  CHECK(one.run_ms(2'000) == 1);
  CHECK(one.told() == 5);
  CHECK(one.exporter.counts().spans_exported == 5);
  CHECK(one.run_ms(20'000) == 0);
}

TEST_CASE("a full batch goes at once, and a flood in batches") {
  Export one(to("T", "", 10));
  one.make_spans(35);
  CHECK(one.run_ms(0) == 3);
  CHECK(one.run_ms(6'000) == 1);
  CHECK(one.told() == 35);
}

TEST_CASE("a request is repeated after 429, 502, 503, 504 or none, and after no other answer") {
  for (const int status : {0, 429, 502, 503, 504, 400, 401, 403, 404, 408, 413, 500, 501, 307}) {
    INFO(status);
    const bool is_passing = status == 0 || status == 429 || (status >= 502 && status <= 504);
    Export one;
    one.make_spans(2);
    one.collector.answers.push_back({status, 0, "", "no connection"});
    CHECK(one.run_ms(10'000) == (is_passing ? 2 : 1));
    CHECK(one.exporter.counts().spans_exported == (is_passing ? 2 : 0));
    CHECK(one.exporter.counts().spans_failed == (is_passing ? 0 : 2));
    if (is_passing) CHECK(one.collector.requests[0].second == one.collector.requests[1].second);
  }
}

TEST_CASE("a collector that asks for a pause gets it") {
  Export one;
  one.make_spans(1);
  one.collector.answers.push_back({503, 20'000, "", {}});
  CHECK(one.run_ms(24'000) == 1);
  CHECK(one.run_ms(2'000) == 1);
  CHECK(one.told() == 2);
}

TEST_CASE("repeats come further and further apart, and end") {
  Export one;
  one.make_spans(4);
  for (int i = 0; i < 100; ++i) one.collector.answers.push_back({503, 0, "", {}});
  CHECK(one.run_ms(7'000) <= 3);
  CHECK(one.run_ms(600'000) + 3 >= 6);
  CHECK(one.collector.requests.size() == 6);
  CHECK(one.exporter.counts().spans_failed == 4);
}

TEST_CASE("while a collector is away spans are dropped, oldest first, and nobody waits") {
  Export one;
  for (int i = 0; i < 3; ++i) one.collector.answers.push_back({0, 0, "", "refused"});
  one.make_spans(9'000);
  CHECK(one.tracer.dropped() == 9'000 - 8'192);
  CHECK(one.run_ms(60'000) > 3);
  CHECK(one.exporter.counts().spans_exported == 8'192);
}

TEST_CASE("a batch of which a part was rejected is not repeated, and the part is counted") {
  for (const std::string& rejected : {std::string("3"), std::string("\"3\"")}) {
    Export one;
    one.make_spans(5);
    one.collector.answers.push_back(
        {200, 0, R"({"partialSuccess":{"rejectedSpans":)" + rejected + R"(,"errorMessage":"old"}})", {}});
    CHECK(one.run_ms(20'000) == 1);
    CHECK(one.exporter.counts().spans_exported == 2);
    CHECK(one.exporter.counts().spans_failed == 3);
  }
}

TEST_CASE("an answer that makes no sense does no harm") {
  for (const std::string& body : {std::string(), std::string("<html>"), std::string("{\"partialSuccess\":7}"), std::string("[]"),
                                  std::string(R"({"partialSuccess":{"rejectedSpans":"-5","errorMessage":{}}})"),
                                  std::string(R"({"partialSuccess":{"rejectedSpans":99999999999999999999}})")}) {
    INFO(body);
    Export one;
    one.make_spans(5);
    one.collector.answers.push_back({200, 0, body, {}});
    CHECK(one.run_ms(6'000) == 1);
    CHECK(one.exporter.counts().spans_exported + one.exporter.counts().spans_failed == 5);
  }
}

TEST_CASE("metrics go out at their interval, are never repeated, and heed a pause") {
  Export one(to("", "M"));
  CHECK(one.run_ms(16'000) == 3);
  CHECK(one.measured == 3);
  CHECK(one.collector.requests[0].first == "M");
  CHECK(one.collector.requests[0].second.find("things_total") != std::string::npos);
  one.collector.answers.push_back({503, 0, "", {}});
  CHECK(one.run_ms(4'950) == 1);
  CHECK(one.exporter.counts().metrics_failed == 1);
  one.collector.answers.push_back({429, 60'000, "", {}});
  CHECK(one.run_ms(59'000) == 1);
  CHECK(one.exporter.counts().metrics_exported == 3);
}

TEST_CASE("at the end what is left is told, each batch once") {
  Export one(to("T", "M", 10));
  one.make_spans(35);
  one.exporter.flush(3'000);
  CHECK(one.told() == 35);
  CHECK(one.collector.requests.size() == 5);
  CHECK(one.measured == 1);
}

TEST_CASE("the end does not wait for a collector that is slow or away") {
  Export slow(to("T", "M", 10));
  slow.make_spans(1'000);
  slow.collector.takes_ms = 900;
  const Instant before = slow.clock.monotonic();
  slow.exporter.flush(3'000);
  CHECK(before.ms_until(slow.clock.monotonic()) <= 3'600);
  for (const std::int64_t timeout_ms : slow.collector.timeouts_ms) CHECK(timeout_ms <= 3'000);
  CHECK(slow.exporter.counts().spans_exported + slow.exporter.counts().spans_failed == 1'000);

  Export away(to("T", "", 10));
  away.make_spans(1'000);
  for (int i = 0; i < 100; ++i) away.collector.answers.push_back({0, 0, "", "refused"});
  away.exporter.flush(3'000);
  CHECK(away.collector.requests.size() == 1);
  CHECK(away.exporter.counts().spans_failed == 1'000);
}

TEST_CASE("an exporter measures itself") {
  Export one;
  one.make_spans(9'000);
  one.collector.answers.push_back({400, 0, "", {}});
  (void)one.run_ms(10'000);
  observe::Exposition out;
  one.exporter.write_metrics(out);
  const std::string text = out.take();
  CHECK(text.find("\nseamline_telemetry_spans_exported_total 7680\n") != std::string::npos);
  CHECK(text.find("\nseamline_telemetry_spans_failed_total 512\n") != std::string::npos);
  CHECK(text.find("\nseamline_telemetry_spans_dropped_total 808\n") != std::string::npos);
}
