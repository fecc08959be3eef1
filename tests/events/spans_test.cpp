#include "ear.hpp"
#include "events/timers.hpp"
#include "observe/trace.hpp"
#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::test;
using observe::Span;
using observe::TraceContext;

namespace {

const std::string sampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
const std::string unsampled = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

void publish_under(NoteStore& publisher, const std::string& trace, std::int64_t from, std::int64_t to) {
  CallContext context;
  context.traceparent = trace;
  (void)publisher->write(context, [&](store::Transaction& transaction) -> Result<void> {
    for (std::int64_t number = from; number <= to; ++number)
      transaction.publish(NoteWritten{{"s" + std::to_string(number)}, number});
    return {};
  });
}

/// A publisher and an ear whose handler publishes in turn.
struct TracedEar {
  TracedEar() : ear(publisher, {4096, {}, &tracer}) {
    ear.after_effect = [this](store::Transaction& transaction, const NoteWritten& event) {
      transaction.publish(NoteWritten{event.note_id, event.number + 100});
      if (during) during(event);
    };
  }
  std::vector<std::string> published_under() {
    std::vector<std::string> traces;
    ear.store->read([&](store::View& view) {
      auto row = view.rows().query("SELECT trace FROM event_log ORDER BY seq");
      while (row.next()) traces.emplace_back(row.text(0));
    });
    return traces;
  }

  SeededRandom random{1};
  NoteStore publisher;
  observe::Tracer tracer{{}, publisher.clock, random};
  std::function<void(const NoteWritten&)> during;
  Ear ear;
};

}  // namespace

TEST_CASE("an event that is applied is a consumer's span below the one that published it, and above what follows from it") {
  TracedEar traced;
  publish_under(traced.publisher, sampled, 1, 2);
  traced.ear.settle();
  const std::vector<Span> spans = traced.tracer.take(10);
  REQUIRE(spans.size() == 2);
  for (const Span& span : spans) {
    CHECK(span.name == "note.NoteWritten.v1 -> ear");
    CHECK(span.kind == observe::SpanKind::consumer);
    CHECK(span.context.trace_id == TraceContext::parse(sampled)->trace_id);
    CHECK(span.parent_id == TraceContext::parse(sampled)->span_id);
    CHECK(span.error_code.empty());
  }
  CHECK(traced.published_under() == std::vector<std::string>{spans[0].context.text(), spans[1].context.text()});
}

TEST_CASE("an event of a trace that is not recorded, or of none, leaves no span, and what follows keeps its trace") {
  TracedEar traced;
  publish_under(traced.publisher, unsampled, 1, 1);
  publish_under(traced.publisher, "", 2, 2);
  traced.ear.settle();
  CHECK(traced.tracer.waiting() == 0);
  CHECK(traced.published_under() == std::vector<std::string>{unsampled, ""});
}

TEST_CASE("what was undone leaves no span: an entry that is applied again has one") {
  TracedEar traced;
  bool is_failing = true;
  traced.during = [&](const NoteWritten& event) {
    if (event.number == 2 && is_failing) throw store::StorageError("locked", store::StorageError::Severity::passing);
  };
  publish_under(traced.publisher, sampled, 1, 3);
  traced.ear.settle();
  CHECK(traced.ear.numbers() == count_up(1, 1));
  CHECK(traced.tracer.waiting() == 1);
  is_failing = false;
  traced.publisher.clock.advance_ms(1'000);
  traced.ear.settle();
  const std::vector<Span> spans = traced.tracer.take(10);
  REQUIRE(spans.size() == 3);
  std::vector<std::string> contexts;
  for (const Span& span : spans) contexts.push_back(span.context.text());
  CHECK(traced.published_under() == contexts);
}

TEST_CASE("an entry that cannot be decoded leaves a span that says so") {
  TracedEar traced;
  publish_under(traced.publisher, sampled, 1, 1);
  traced.ear.settle();
  (void)traced.tracer.take(10);
  publish_under(traced.publisher, sampled, 2, 2);
  store::EntryBatch log = traced.publisher.whole_log();
  log[1].typed = nullptr;
  log[1].payload = "{}";
  traced.ear.offer(log, 2, 2);
  while (traced.ear.store->writer().step()) {
  }
  const std::vector<Span> spans = traced.tracer.take(10);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].error_code == "events.undecodable");
  CHECK(traced.ear.dead_letters().size() == 1);
}

TEST_CASE("a timer that fires begins a trace, once, however often it is undone") {
  NoteStore notes;
  SeededRandom random{1};
  observe::Tracer tracer({}, notes.clock, random);
  events::Timers timers(*notes, notes.clock, {.grace_ms = 0}, &tracer);
  bool throws = true;
  timers.on("alarm", [&](store::Transaction& transaction, const std::string& subject) {
    transaction.publish(NoteWritten{{subject}, 1});
    if (throws) throw std::runtime_error("not now");
  });
  (void)notes->write({}, [&](store::Transaction& transaction) -> Result<void> {
    transaction.set_timer("alarm", "a", notes.clock.now());
    return {};
  });
  notes.clock.advance_ms(1);
  while (timers.step()) {
  }
  CHECK(tracer.waiting() == 0);
  throws = false;
  notes.clock.advance_ms(10'000);
  while (timers.step()) {
  }
  const std::vector<Span> spans = tracer.take(10);
  REQUIRE(spans.size() == 1);
  CHECK(spans[0].name == "note timer alarm");
  CHECK(spans[0].parent_id == observe::SpanId{});
  CHECK(notes.whole_log().at(0).trace == spans[0].context.text());
}
