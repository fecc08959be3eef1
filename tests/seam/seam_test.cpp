#include "seam/seam.hpp"

#include <thread>

#include "base/random.hpp"
#include "seam/gate.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/notes.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

/// A target that counts its calls, and can hold one inside.
class Target final : public Overrides<NoteContract, Target> {
 public:
  template <Operation Op>
  Result<Note> run(const CallContext& context, const Op& operation) {
    ++calls;
    if (is_gone) ++calls_when_gone;
    if (during) during();
    if (context.request_id == "refuse") return fail(WriteNote::errors[0], "as asked");
    return Note{operation.note_id, operation.number};
  }
  std::atomic<std::int64_t> calls{0};
  /// A drained target may be destroyed: nobody may call it any more.
  std::atomic<bool> is_gone{false};
  std::atomic<std::int64_t> calls_when_gone{0};
  std::function<void()> during;
};

/// Holds whoever comes by until it is released.
class Barrier {
 public:
  void hold() {
    waiting_ = true;
    while (!released_) std::this_thread::yield();
  }
  void wait_for_somebody() const {
    while (!waiting_) std::this_thread::yield();
  }
  void release() { released_ = true; }

 private:
  std::atomic<bool> waiting_{false};
  std::atomic<bool> released_{false};
};

/// A module that tells under which trace it was called.
class Seeing final : public Overrides<NoteContract, Seeing> {
 public:
  explicit Seeing(std::string& kept) : seen_(kept) {}
  template <Operation Op>
  Result<Note> run(const CallContext& context, const Op& operation) {
    seen_ = context.traceparent;
    if (operation.number < 0) return fail(WriteNote::errors[0], "as asked");
    return Note{operation.note_id, operation.number};
  }

 private:
  std::string& seen_;
};

}  // namespace

TEST_CASE("while a seam is flipped under load every call is answered by exactly one target, the one that is current") {
  constexpr std::int64_t least_calls = 100'000;
  constexpr std::int64_t least_flips = 300;
  std::array<Target, 3> targets;
  seam::Seam<NoteContract> seam("test", targets[0]);
  std::atomic<std::int64_t> answered{0};
  std::atomic<std::int64_t> asked{0};
  std::atomic<bool> stop{false};
  std::int64_t flips = 0;
  bool always_drained = true;
  {
    std::vector<std::jthread> callers;
    for (int t = 0; t < 8; ++t) {
      callers.emplace_back([&] {
        for (std::int64_t i = 0; !stop; ++i) {
          ++asked;
          const auto reply = seam.call(CallContext{}, WriteNote{{"n"}, i});
          if (reply && reply->number == i) ++answered;
          if (i % 64 == 0) std::this_thread::yield();
        }
      });
    }
    while (asked < least_calls || flips < least_flips) {
      Target& current = targets[static_cast<std::size_t>(++flips) % targets.size()];
      current.is_gone = false;
      seam.point_at(current);
      if (flips % 5 == 0) continue;  // now and then one flip follows the other
      always_drained = seam.wait_drained(10'000) && always_drained;
      for (Target& target : targets) target.is_gone = &target != &current;
      std::this_thread::yield();
    }
    stop = true;
  }
  CHECK(always_drained);
  for (const Target& target : targets) CHECK(target.calls_when_gone == 0);
  CHECK(asked >= least_calls);
  CHECK(answered == asked);
  CHECK(targets[0].calls + targets[1].calls + targets[2].calls == asked);
  CHECK(seam.meter(0).latency.count() == asked);
  CHECK(seam.drained());
}

TEST_CASE("a flip does not wait for the calls in the old target, being drained is a wait of its own") {
  Target old;
  Target next;
  Target last;
  Barrier barrier;
  old.during = [&] { barrier.hold(); };
  seam::Seam<NoteContract> seam("test", old);
  std::thread caller([&] { CHECK(seam.call(CallContext{}, WriteNote{{"n"}, 1}).has_value()); });
  barrier.wait_for_somebody();
  seam.point_at(next);
  CHECK_FALSE(seam.drained());
  CHECK_FALSE(seam.wait_drained(10));
  CHECK(seam.call(CallContext{}, WriteNote{{"n"}, 2}).has_value());
  seam.point_at(last);
  CHECK(seam.call(CallContext{}, WriteNote{{"n"}, 3}).has_value());
  CHECK_FALSE(seam.drained());
  barrier.release();
  CHECK(seam.wait_drained(10'000));
  caller.join();
  CHECK(old.calls == 1);
  CHECK(next.calls == 1);
  CHECK(last.calls == 1);
}

TEST_CASE("a call may call the same seam again, and both end where they began") {
  Target outer;
  Target next;
  seam::Seam<NoteContract> seam("test", outer);
  outer.during = [&] {
    seam.point_at(next);
    CHECK(seam.call(CallContext{}, CopyNote{{"n"}, 2}).has_value());
    CHECK_FALSE(seam.drained());
  };
  CHECK(seam.call(CallContext{}, WriteNote{{"n"}, 1}).has_value());
  CHECK(seam.drained());
  CHECK(outer.calls == 1);
  CHECK(next.calls == 1);
}

TEST_CASE("a meter counts calls, errors and time, for each operation by itself") {
  Target target;
  seam::Seam<NoteContract> seam("test", target);
  CallContext refused;
  refused.request_id = "refuse";
  for (int i = 0; i < 3; ++i) (void)seam.call(CallContext{}, WriteNote{{"n"}, 1});
  (void)seam.call(refused, WriteNote{{"n"}, 1});
  target.during = [] {
    const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
    while (std::chrono::steady_clock::now() < end) {
    }
  };
  (void)seam.call(CallContext{}, CopyNote{{"n"}, 1});
  CHECK(seam.meter(0).latency.count() == 4);
  CHECK(seam.meter(0).errors == 1);
  CHECK(seam.meter(1).latency.count() == 1);
  CHECK(seam.meter(1).errors == 0);
  CHECK(seam.meter(1).latency.sum_ns() >= 5'000'000);
  CHECK(seam.caller() == "test");
}

TEST_CASE("a port that is called inside a transaction breaks an assumption and ends the process") {
  Target target;
  seam::Seam<NoteContract> seam("test", target);
  CHECK(run_in_child([&] {
          inside_transaction = true;
          (void)seam.call(CallContext{}, WriteNote{{"n"}, 1});
        }).aborted);
  CHECK(run_in_child([&] { (void)seam.call(CallContext{}, WriteNote{{"n"}, 1}); }).status == 0);
}

TEST_CASE("a call of a recorded trace is two spans, the caller's and the callee's, and the callee runs under its own") {
  SeededRandom random{1};
  observe::Tracer tracer({}, Clock::system(), random);
  std::string seen;
  Seeing module(seen);
  seam::Gate gate;
  gate.trace_with(&tracer);
  seam::GatedPort<NoteContract> gated(gate, module);
  seam::Seam<NoteContract> seam("order", gated);
  seam.trace_with(&tracer);
  CallContext context;
  context.traceparent = tracer.root().text();
  CHECK(seam.call(context, WriteNote{{"n"}, 1}));
  CHECK_FALSE(seam.call(context, WriteNote{{"n"}, -1}));
  const auto spans = tracer.take(10);
  REQUIRE(spans.size() == 4);
  CHECK(spans[0].name == "note.write");
  CHECK(spans[0].kind == observe::SpanKind::server);
  CHECK(spans[1].name == "order -> note.write");
  CHECK(spans[1].kind == observe::SpanKind::client);
  CHECK(spans[1].parent_id == observe::TraceContext::parse(context.traceparent)->span_id);
  CHECK(spans[0].parent_id == spans[1].context.span_id);
  CHECK(spans[1].error_code.empty());
  CHECK(spans[2].error_code == "note.refused");
  CHECK(spans[3].error_code == "note.refused");
  CHECK(seen == spans[2].context.text());
  CHECK(seam.meter(0).latency.count() == 2);

  // Not recorded: the context is handed on as it is.
  context.traceparent.back() = '0';
  CHECK(seam.call(context, WriteNote{{"n"}, 1}));
  CHECK(seen == context.traceparent);
  CHECK(seam.call({}, WriteNote{{"n"}, 1}));
  CHECK(seen.empty());
  CHECK(tracer.waiting() == 0);
}
