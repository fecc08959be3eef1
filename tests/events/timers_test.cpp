#include "events/timers.hpp"

#include "support/catch.hpp"
#include "support/note_store.hpp"

using namespace seamline;
using namespace seamline::test;
using events::Timers;
using store::Transaction;

namespace {

/// A store with one kind of timer, whose handler writes a note named after the subject.
struct Alarm {
  NoteStore notes;
  bool throws = false;
  std::function<void()> before_throw;
  std::unique_ptr<Timers> timers;

  explicit Alarm(Timers::Options options = {.grace_ms = 0}) { start(options); }
  void start(Timers::Options options) {
    timers = std::make_unique<Timers>(*notes, notes.clock, options);
    timers->on("alarm", [this](Transaction& transaction, const std::string& subject) {
      add_note(transaction, subject, 1);
      if (!throws) return;
      if (before_throw) before_throw();
      throw std::runtime_error("not now");
    });
  }
  void set(const std::string& subject, std::int64_t in_ms, const std::string& kind = "alarm") {
    (void)notes->write({}, [&](Transaction& transaction) -> Result<void> {
      transaction.set_timer(kind, subject, {notes.clock.now().ms + in_ms});
      return {};
    });
  }
  void cancel(const std::string& subject) {
    (void)notes->write({}, [&](Transaction& transaction) -> Result<void> {
      transaction.cancel_timer("alarm", subject);
      return {};
    });
  }
  void pass_ms(std::int64_t ms) {
    notes.clock.advance_ms(ms);
    while (timers->step()) {
    }
  }
  std::int64_t fired() { return notes.notes(); }
};

}  // namespace

TEST_CASE("a timer fires once, when it is due and not before, and the step says that it did something") {
  Alarm alarm;
  alarm.set("a", 1000);
  alarm.pass_ms(999);
  CHECK(alarm.fired() == 0);
  alarm.notes.clock.advance_ms(1);
  CHECK(alarm.timers->step());
  CHECK(alarm.fired() == 1);
  CHECK_FALSE(alarm.timers->step());
  alarm.pass_ms(4000);
  CHECK(alarm.fired() == 1);
}

TEST_CASE("setting a timer again moves it, and a cancelled one never fires") {
  Alarm alarm;
  alarm.set("moved", 1000);
  alarm.set("moved", 3000);
  alarm.set("cancelled", 1000);
  alarm.cancel("cancelled");
  alarm.cancel("never set");
  alarm.pass_ms(2000);
  CHECK(alarm.fired() == 0);
  alarm.pass_ms(1000);
  CHECK(alarm.fired() == 1);
}

TEST_CASE("more timers than one step fires are fired one step after the other") {
  Alarm alarm({.grace_ms = 0, .stall_ms = 5000, .batch = 3});
  for (int i = 0; i < 8; ++i) alarm.set(std::to_string(i), 10);
  alarm.notes.clock.advance_ms(10);
  CHECK(alarm.timers->step());
  CHECK(alarm.fired() == 3);
  alarm.pass_ms(0);
  CHECK(alarm.fired() == 8);
}

TEST_CASE("timers of a kind that nobody handles stay, and take nobody's place") {
  Alarm alarm({.grace_ms = 0, .stall_ms = 5000, .batch = 3});
  for (int i = 0; i < 8; ++i) alarm.set(std::to_string(i), 10, "of another version");
  alarm.set("a", 20);
  alarm.pass_ms(20);
  CHECK(alarm.fired() == 1);
}

TEST_CASE("at start due timers wait for the grace, and a restart keeps them") {
  Alarm alarm;
  alarm.set("a", 1000);
  alarm.timers.reset();
  alarm.notes.reopen();
  alarm.notes.clock.advance_ms(60'000);
  alarm.start({.grace_ms = 10'000});
  alarm.pass_ms(5'000);
  alarm.pass_ms(4'999);
  CHECK(alarm.fired() == 0);
  alarm.pass_ms(1);
  CHECK(alarm.fired() == 1);
}

TEST_CASE("after a stall due timers wait for the grace again, also when only the calendar went on") {
  Alarm alarm({.grace_ms = 10'000, .stall_ms = 5'000});
  for (int i = 0; i < 4; ++i) alarm.pass_ms(5'000);
  alarm.set("a", 1'000);
  SECTION("the process stood still") { alarm.pass_ms(5'001); }
  SECTION("the machine was suspended") {
    alarm.notes.clock.jump_calendar_ms(5'001);
    alarm.pass_ms(0);
  }
  CHECK(alarm.fired() == 0);
  alarm.pass_ms(5'000);
  CHECK(alarm.fired() == 0);
  alarm.pass_ms(5'000);
  CHECK(alarm.fired() == 1);
}

TEST_CASE("a timer whose handler throws leaves nothing behind and is tried again later, the others fire") {
  Alarm alarm({.grace_ms = 0, .stall_ms = 60'000, .batch = 64, .retry_ms = 10'000});
  alarm.throws = true;
  alarm.set("a", 10);
  alarm.pass_ms(10);
  CHECK(alarm.fired() == 0);
  alarm.throws = false;
  alarm.set("b", 10);
  alarm.pass_ms(9'990);
  CHECK(alarm.fired() == 1);
  alarm.pass_ms(10);
  CHECK(alarm.fired() == 2);
}

TEST_CASE("a timer that is cancelled or moved while its handler fails is not set again") {
  Alarm alarm({.grace_ms = 0, .stall_ms = 600'000, .batch = 64, .retry_ms = 10'000});
  alarm.throws = true;
  alarm.set("a", 10);
  // The client's command is in the batch behind the one whose handler fails, and before the retry is written.
  class Change final : public store::Command {
   public:
    std::function<void(Transaction&)> body;
    std::size_t run(Transaction& transaction, std::size_t) override {
      body(transaction);
      return 1;
    }
    void committed() override {}
    void failed(const Error&) override {}
  } change;
  SECTION("cancelled") {
    change.body = [](Transaction& transaction) { transaction.cancel_timer("alarm", "a"); };
    alarm.notes.clock.advance_ms(10);
    alarm.notes->writer().post(change);
    CHECK(alarm.timers->step());
    alarm.throws = false;
    alarm.pass_ms(60'000);
    CHECK(alarm.fired() == 0);
  }
  SECTION("moved") {
    change.body = [](Transaction& transaction) { transaction.set_timer("alarm", "a", {transaction.now().ms + 50'000}); };
    alarm.notes.clock.advance_ms(10);
    alarm.notes->writer().post(change);
    CHECK(alarm.timers->step());
    alarm.throws = false;
    alarm.pass_ms(49'999);
    CHECK(alarm.fired() == 0);
    alarm.pass_ms(1);
    CHECK(alarm.fired() == 1);
  }
}

TEST_CASE("a timer that its store refuses to run stays due, and the step found nothing to do") {
  Alarm alarm;
  alarm.set("a", 10);
  alarm.notes.clock.advance_ms(10);
  alarm.notes->stop();
  CHECK_FALSE(alarm.timers->step());
  alarm.timers.reset();
  alarm.notes.reopen();
  alarm.start({.grace_ms = 0});
  alarm.pass_ms(0);
  CHECK(alarm.fired() == 1);
}
