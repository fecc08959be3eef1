#include "observe/trace.hpp"

#include <set>
#include <thread>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using observe::ActiveSpan;
using observe::SpanId;
using observe::SpanKind;
using observe::TraceContext;
using observe::Tracer;

namespace {

const std::string wanted = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string unwanted = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

struct Traced {
  explicit Traced(Tracer::Options options = {}) : tracer(options, clock, random) {}

  int recorded_of(int requests, const std::string& traceparent) {
    int recorded = 0;
    for (int i = 0; i < requests; ++i) {
      SpanId parent{};
      recorded += tracer.admit(traceparent, parent).is_sampled() ? 1 : 0;
    }
    return recorded;
  }

  test::ManualClock clock;
  SeededRandom random{1};
  Tracer tracer;
};

}  // namespace

TEST_CASE("a span has its own id, that of what caused it, and the times between which it lived") {
  Traced traced;
  const std::int64_t before_ns = traced.clock.now().ms * 1'000'000;
  std::string inner_context;
  {
    ActiveSpan outer(&traced.tracer, SpanKind::server, wanted);
    outer.name("outer");
    outer.attribute("code", std::int64_t{7});
    traced.clock.advance_ms(5);
    ActiveSpan inner(&traced.tracer, SpanKind::client, outer.traceparent());
    inner.name("inner");
    inner.fail("some.error");
    inner_context = inner.traceparent();
    traced.clock.advance_ms(2);
  }
  const auto spans = traced.tracer.take(10);
  REQUIRE(spans.size() == 2);
  const observe::Span& inner = spans[0];
  const observe::Span& outer = spans[1];
  CHECK(outer.parent_id == TraceContext::parse(wanted)->span_id);
  CHECK(inner.parent_id == outer.context.span_id);
  CHECK(inner.context.trace_id == outer.context.trace_id);
  CHECK(inner.context.text() == inner_context);
  CHECK(outer.started_ns == before_ns);
  CHECK(inner.started_ns == before_ns + 5'000'000);
  CHECK(inner.ended_ns == before_ns + 7'000'000);
  CHECK(inner.error_code == "some.error");
  CHECK(outer.error_code.empty());
}

TEST_CASE("no span is made without a tracer, without a trace, or of one that is not recorded") {
  Traced traced;
  for (const std::string& none : {std::string(), unwanted, wanted + "x", std::string(55, '1')}) {
    ActiveSpan span(&traced.tracer, SpanKind::client, none);
    CHECK_FALSE(span.is_recorded());
    CHECK(span.traceparent().empty());
    span.attribute("is", "ignored");
  }
  CHECK_FALSE(ActiveSpan(nullptr, SpanKind::client, wanted).is_recorded());
  CHECK(traced.tracer.waiting() == 0);
}

TEST_CASE("a span that is cancelled or moved is told at most once") {
  Traced traced;
  {
    ActiveSpan first(&traced.tracer, SpanKind::client, wanted);
    ActiveSpan second = std::move(first);
    ActiveSpan third;
    third = std::move(second);
    ActiveSpan undone(&traced.tracer, SpanKind::client, wanted);
    undone.end();
    undone.cancel();
  }
  CHECK(traced.tracer.take(10).size() == 1);
}

TEST_CASE("a span that has ended keeps its end until it is told") {
  Traced traced;
  const std::int64_t start_ns = traced.tracer.now_ns();
  {
    ActiveSpan span(&traced.tracer, SpanKind::consumer, wanted);
    span.end();
    traced.clock.advance_ms(50);
  }
  CHECK(traced.tracer.take(1).at(0).ended_ns == start_ns);
}

TEST_CASE("attributes are few and short, whatever is put in") {
  Traced traced;
  {
    ActiveSpan span(&traced.tracer, SpanKind::client, wanted);
    for (int i = 0; i < 100; ++i) span.attribute("long", std::string(100'000, 'x'));
    span.fail(std::string(100'000, 'y'));
  }
  const auto span = traced.tracer.take(1).at(0);
  std::size_t bytes = span.error_code.size();
  for (const auto& attribute : span.attributes) bytes += std::get<std::string>(attribute.value).size();
  CHECK(bytes <= 5'000);
}

TEST_CASE("a share of the traces is recorded, and each is recorded whole") {
  for (const double ratio : {0.0, 0.1, 0.5, 1.0}) {
    Traced traced({{ratio}, 8192});
    int recorded = 0;
    for (int i = 0; i < 10'000; ++i) {
      const TraceContext first = traced.tracer.root();
      recorded += first.is_sampled() ? 1 : 0;
      CHECK(traced.tracer.child_of(first).is_sampled() == first.is_sampled());
    }
    INFO(ratio << " " << recorded);
    CHECK(std::abs(recorded - 10'000 * ratio) <= 250);
  }
}

TEST_CASE("a request continues its client's trace, and begins one where it brings none") {
  Traced traced;
  SpanId parent{};
  const TraceContext continued = traced.tracer.admit(wanted, parent);
  CHECK(continued.trace_id == TraceContext::parse(wanted)->trace_id);
  CHECK(parent == TraceContext::parse(wanted)->span_id);
  CHECK(continued.span_id != parent);
  const TraceContext fresh = traced.tracer.admit("00-hostile", parent);
  CHECK(parent == SpanId{});
  CHECK(fresh.trace_id != continued.trace_id);
}

TEST_CASE("a client's wish is heard, but only so many times a second") {
  Traced traced({{.ratio = 0, .parent_based = true, .inbound_per_s = 3}, 8192});
  CHECK(traced.recorded_of(100, wanted) == 3);
  CHECK(traced.recorded_of(100, unwanted) == 0);
  traced.clock.advance_ms(1'000);
  CHECK(traced.recorded_of(100, wanted) == 3);
}

TEST_CASE("a client who wants no recording gets none, unless clients are not asked") {
  CHECK(Traced({{.ratio = 1, .parent_based = true}, 8192}).recorded_of(10, unwanted) == 0);
  CHECK(Traced({{.ratio = 1, .parent_based = false}, 8192}).recorded_of(10, unwanted) == 10);
  CHECK(Traced({{.ratio = 0, .parent_based = false}, 8192}).recorded_of(10, wanted) == 0);
}

TEST_CASE("spans that nobody fetches take a limited place: the oldest go first, and are counted") {
  Traced traced({{}, 10});
  for (int i = 0; i < 25; ++i) ActiveSpan(&traced.tracer, SpanKind::client, wanted).name(std::to_string(i));
  CHECK(traced.tracer.waiting() == 10);
  CHECK(traced.tracer.dropped() == 15);
  const auto spans = traced.tracer.take(100);
  REQUIRE(spans.size() == 10);
  CHECK(spans.front().name == "15");
  CHECK(spans.back().name == "24");
}

TEST_CASE("many threads make spans, and none is lost or made twice") {
  Tracer tracer({{}, 100'000}, Clock::system(), Random::system());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 1'000; ++k) ActiveSpan(&tracer, SpanKind::client, wanted).name("one");
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<SpanId> ids;
  for (const auto& span : tracer.take(100'000)) ids.insert(span.context.span_id);
  CHECK(ids.size() == 4'000);
  CHECK(tracer.dropped() == 0);
}

TEST_CASE("the times of spans follow the calendar when it is set") {
  Traced traced;
  traced.clock.jump_calendar_ms(3'600'000);
  CHECK(traced.tracer.now_ns() == (traced.clock.now().ms - 3'600'000) * 1'000'000);
  traced.tracer.follow_calendar();
  CHECK(traced.tracer.now_ns() == traced.clock.now().ms * 1'000'000);
}
