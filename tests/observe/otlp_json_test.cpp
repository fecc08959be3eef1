#include "observe/otlp_json.hpp"

#include "support/catch.hpp"

using namespace seamline;
using observe::Span;
using observe::SpanKind;

namespace {

const observe::Resource resource{{"service.name", "order \"1\""}};

Span some_span() {
  Span span;
  span.context = *observe::TraceContext::parse("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  span.parent_id = {0x0a, 0, 0, 0, 0, 0, 0, 0xff};
  span.name = "order → user.get";
  span.kind = SpanKind::client;
  span.started_ns = 1'790'000'000'000'000'001;
  span.ended_ns = 1'790'000'000'000'000'002;
  return span;
}

json::Value parsed(const std::string& text) { return json::parse(text, {.max_bytes = std::size_t{1} << 26U}).value(); }

/// Holds every member's name and form against the protobuf's JSON: what a receiver does not know it silently ignores.
void check_members(const json::Value& object, const std::map<std::string, json::Type>& known) {
  REQUIRE(object.is(json::Type::object));
  for (const json::Value& member : object.items) {
    INFO(member.name);
    REQUIRE(known.contains(member.name));
    CHECK(member.is(known.at(member.name)));
  }
}

const json::Value& only_one(const json::Value& object, std::string_view member) {
  const json::Value* list = object.find(member);
  REQUIRE(list != nullptr);
  REQUIRE(list->items.size() == 1);
  return list->items.front();
}

using enum json::Type;

}  // namespace

TEST_CASE("a span in OTLP's JSON: ids in hexadecimal, enumerations as numbers, long integers as text") {
  Span span = some_span();
  span.attributes.push_back({"http.route", std::string("/orders/{id}")});
  span.attributes.push_back({"http.response.status_code", std::int64_t{503}});
  span.error_code = "call.unavailable";
  span.trace_state = "rojo=1";
  CHECK(observe::encode_spans(resource, {&span, 1}) ==
        R"({"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"order \"1\""}}]},)"
        R"("scopeSpans":[{"scope":{"name":"seamline"},"spans":[{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736",)"
        R"("spanId":"00f067aa0ba902b7","traceState":"rojo=1","parentSpanId":"0a000000000000ff","flags":1,)"
        R"("name":"order → user.get","kind":3,"startTimeUnixNano":"1790000000000000001",)"
        R"("endTimeUnixNano":"1790000000000000002","attributes":[{"key":"http.route","value":{"stringValue":"/orders/{id}"}},)"
        R"({"key":"http.response.status_code","value":{"intValue":"503"}},)"
        R"({"key":"error.type","value":{"stringValue":"call.unavailable"}}],)"
        R"("status":{"message":"call.unavailable","code":2}}]}]}]})");
}

TEST_CASE("the first span of a trace names no parent, and one that ended well has no status") {
  Span span = some_span();
  span.parent_id = {};
  const std::string text = observe::encode_spans(resource, {&span, 1});
  CHECK(text.find("parentSpanId") == std::string::npos);
  CHECK(text.find(R"("status":{})") != std::string::npos);
}

TEST_CASE("spans have the members of OTLP's protobuf, and no others") {
  Span span = some_span();
  span.attributes.push_back({"text", std::string("a")});
  span.attributes.push_back({"number", std::int64_t{1}});
  span.error_code = "x";
  span.trace_state = "a=1";
  const json::Value request = parsed(observe::encode_spans(resource, {&span, 1}));
  check_members(request, {{"resourceSpans", array}});
  const json::Value& of_resource = only_one(request, "resourceSpans");
  check_members(of_resource, {{"resource", object}, {"scopeSpans", array}});
  check_members(*of_resource.find("resource"), {{"attributes", array}});
  const json::Value& of_scope = only_one(of_resource, "scopeSpans");
  check_members(of_scope, {{"scope", object}, {"spans", array}});
  check_members(*of_scope.find("scope"), {{"name", string}});
  const json::Value& told = only_one(of_scope, "spans");
  check_members(told, {{"traceId", string},
                       {"spanId", string},
                       {"traceState", string},
                       {"parentSpanId", string},
                       {"flags", integer},
                       {"name", string},
                       {"kind", integer},
                       {"startTimeUnixNano", string},
                       {"endTimeUnixNano", string},
                       {"attributes", array},
                       {"status", object}});
  check_members(*told.find("status"), {{"message", string}, {"code", integer}});
  for (const json::Value& attribute : told.find("attributes")->items) {
    check_members(attribute, {{"key", string}, {"value", object}});
    check_members(*attribute.find("value"), {{"stringValue", string}, {"intValue", string}});
  }
}

TEST_CASE("counters are monotonic sums since the start, gauges are what they are now") {
  observe::OtlpMetrics metrics(resource, 1'000, 2'000);
  metrics.family("calls_total", observe::MetricType::counter, "Calls.");
  metrics.sample({{"to", "user"}}, 3);
  metrics.sample({{"to", "order"}}, 4.5);
  metrics.family("memory_bytes", observe::MetricType::gauge, "Memory.");
  metrics.sample({}, 1e15);
  CHECK(metrics.take() ==
        R"({"resourceMetrics":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"order \"1\""}}]},)"
        R"("scopeMetrics":[{"scope":{"name":"seamline"},"metrics":[{"name":"calls_total","description":"Calls.","unit":"1",)"
        R"("sum":{"aggregationTemporality":2,"isMonotonic":true,"dataPoints":[)"
        R"({"attributes":[{"key":"to","value":{"stringValue":"user"}}],"startTimeUnixNano":"1000","timeUnixNano":"2000",)"
        R"("asDouble":3},{"attributes":[{"key":"to","value":{"stringValue":"order"}}],"startTimeUnixNano":"1000",)"
        R"("timeUnixNano":"2000","asDouble":4.5}]}},{"name":"memory_bytes","description":"Memory.","unit":"By",)"
        R"("gauge":{"dataPoints":[{"attributes":[],"timeUnixNano":"2000","asDouble":1000000000000000}]}}]}]}]})");
}

TEST_CASE("durations are a histogram whose buckets hold every one of them") {
  observe::LatencyHistogram durations;
  for (const std::int64_t ns : {0LL, 1'023LL, 1'024LL, 5'000'000LL, 60'000'000'000LL}) durations.record(ns);
  observe::OtlpMetrics metrics(resource, 1'000, 2'000);
  metrics.family("call_duration_seconds", observe::MetricType::durations, "How long.");
  metrics.sample({}, durations);
  const json::Value request = parsed(metrics.take());
  const json::Value& metric = only_one(only_one(only_one(request, "resourceMetrics"), "scopeMetrics"), "metrics");
  check_members(metric, {{"name", string}, {"description", string}, {"unit", string}, {"histogram", object}});
  CHECK(metric.find("unit")->text == "s");
  check_members(*metric.find("histogram"), {{"aggregationTemporality", integer}, {"dataPoints", array}});
  const json::Value& point = only_one(*metric.find("histogram"), "dataPoints");
  CHECK(point.find("count")->text == "5");
  const auto& counts = point.find("bucketCounts")->items;
  const auto& bounds = point.find("explicitBounds")->items;
  REQUIRE(counts.size() == bounds.size() + 1);
  std::vector<std::string> texts;
  for (const json::Value& count : counts) texts.push_back(count.text);
  CHECK(texts[0] == "2");
  CHECK(std::abs(std::stod(bounds[0].text) - 1.023e-6) < 1e-12);
  CHECK(texts[1] == "1");
  // 2^22 ns is 4.19 ms, 2^23 is 8.39 ms.
  CHECK(texts[13] == "1");
  CHECK(texts.back() == "1");
}

TEST_CASE("a batch of spans that say as much as they can stays below what a collector takes") {
  std::vector<Span> spans(512, some_span());
  for (Span& span : spans) {
    span.name = std::string(300, '\x01');
    span.error_code = std::string(256, '\x01');
    span.trace_state = std::string(512, '"');
    for (int i = 0; i < 16; ++i) span.attributes.push_back({"a.key.of.some.length", std::string(256, '\x01')});
  }
  CHECK(observe::encode_spans(resource, spans).size() < std::size_t{20} << 20U);
}
