#include "carried.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/memory_broker.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

events::BrokerEvent foreign_note(const std::string& note_id, std::int64_t number, const std::string& id = {}) {
  events::BrokerEvent event;
  event.key = note_id;
  if (!id.empty()) event.attributes = {{"source", "/elsewhere"}, {"id", id}, {"specversion", "1.0"}};
  event.data = R"({"type":"NoteWritten","note_id":")" + note_id + R"(","number":)" + std::to_string(number) + "}";
  return event;
}

std::int64_t foreign_dead_letters(Carried& carried) {
  return carried.far.ear.store->read([](store::View& view) {
    auto row = view.rows().query("SELECT count(*) FROM foreign_dead_letters");
    row.next();
    return row.integer(0);
  });
}

struct Stage {
  explicit Stage(std::int64_t partitions = 1) : broker(partitions), carried(broker, publisher) {}
  void publish(std::int64_t from, std::int64_t to) { publish_numbers(publisher.notes, from, to); }
  std::vector<std::int64_t> heard() { return carried.far.ear.numbers(); }
  std::int64_t log_reads() const { return carried.far.ear.consumer->counts().log_reads; }

  FarPublisher publisher;
  MemoryBroker broker;
  Carried carried;
};

/// A topic whose broker takes its time.
class SlowTopic final : public events::BrokerPublisher {
 public:
  bool send(const events::BrokerEvent&, std::int64_t token) override {
    sent.push_back(token);
    return true;
  }
  std::vector<events::SendOutcome> outcomes(std::int64_t) override { return std::exchange(answers, {}); }
  void reset() override {}
  std::string storage_id() override { return "slow/1"; }
  void answer() {
    for (const std::int64_t token : std::exchange(sent, {})) answers.push_back({token, true, ""});
  }

  std::vector<std::int64_t> sent;
  std::vector<events::SendOutcome> answers;
};

}  // namespace

TEST_CASE("a broker carries the log: each entry once, in order, and the log itself is read only to catch up") {
  Stage stage;
  stage.publish(1, 10);
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 10));
  const std::int64_t reads = stage.log_reads();
  for (std::int64_t number = 11; number <= 500; ++number) {
    stage.publish(number, number);
    stage.carried.settle();
  }
  CHECK(stage.heard() == count_up(1, 500));
  CHECK(stage.log_reads() == reads);
  CHECK(stage.broker.size("notes") == 500);
}

TEST_CASE("whatever a broker loses, repeats and reorders, the effects are the log, once and in order") {
  rc::prop("effects equal the log", [](const std::vector<std::pair<std::uint8_t, std::uint8_t>>& steps) {
    Stage stage(3);
    std::int64_t published = 0;
    std::uint8_t trouble = 0;
    stage.broker.on_receive = [&](std::vector<events::ReceivedEvent>& events) {
      if (events.empty()) return;
      const std::size_t at = trouble % events.size();
      if (trouble % 5 == 1) events.push_back(events[at]);
      if (trouble % 5 == 2) events.erase(events.begin() + static_cast<std::ptrdiff_t>(at));
      if (trouble % 5 == 3) std::reverse(events.begin(), events.end());
    };
    for (const auto& [kind, value] : steps) {
      trouble = value;
      switch (kind % 10) {
        case 0:
        case 1:
          stage.publish(published + 1, published + 1 + value % 4);
          published += 1 + value % 4;
          break;
        case 2: stage.carried.relay->step(); break;
        case 3: stage.carried.receiver->step(); break;
        case 4: stage.carried.step(); break;
        case 5: stage.broker.set_down(value % 2 == 0); break;
        case 6: stage.broker.lose_tail("notes", value % 4); break;
        case 7: value % 8 == 0 ? stage.broker.wipe() : stage.carried.far.home.clock.advance_ms(value); break;
        case 8: value % 2 == 0 ? stage.carried.restart() : stage.carried.start_relay(); break;
        default: stage.carried.far.home.clock.advance_ms(400);
      }
    }
    stage.broker.set_down(false);
    stage.broker.on_receive = nullptr;
    stage.carried.settle_later();
    RC_ASSERT(stage.heard() == count_up(1, published));
    RC_ASSERT(stage.carried.far.ear.dead_letters().empty());
  });
}

TEST_CASE("while a broker is down the log is followed without it, and with it again afterwards") {
  Stage stage;
  stage.publish(1, 3);
  stage.carried.settle_later();
  stage.broker.set_down(true);
  stage.publish(4, 6);
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 6));
  CHECK(stage.broker.size("notes") == 3);
  CHECK_FALSE(stage.carried.receiver->is_carrying());
  stage.broker.set_down(false);
  stage.publish(7, 9);
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 9));
  CHECK(stage.broker.size("notes") == 9);
  const std::int64_t reads = stage.log_reads();
  stage.publish(10, 12);
  stage.carried.settle();
  CHECK(stage.heard() == count_up(1, 12));
  CHECK(stage.log_reads() == reads);
}

TEST_CASE("a broker that lost its data is filled again from the lowest receipt of a subscriber") {
  Stage stage;
  stage.publish(1, 20);
  stage.carried.settle_later();
  REQUIRE(stage.publisher.receipt_of("ear") == 20);
  stage.publish(21, 30);
  stage.carried.relay->step();
  stage.broker.wipe();
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 30));
  CHECK(stage.carried.relay->counts().refills == 1);
  const auto content = stage.broker.content("notes");
  REQUIRE(content.size() == 10);
  CHECK(content.front().event.attribute("sequence") == "21");
}

TEST_CASE("a relay that is started again goes on behind what the broker has acknowledged") {
  Stage stage;
  stage.publish(1, 20);
  stage.carried.settle_later();
  stage.carried.start_relay();
  stage.publish(21, 25);
  stage.carried.settle_later();
  CHECK(stage.broker.size("notes") == 25);
  CHECK(stage.heard() == count_up(1, 25));
}

TEST_CASE("what is committed while entries are on their way goes with the next ones, and a whole page at once") {
  FarPublisher publisher;
  SlowTopic topic;
  ManualClock clock;
  events::Relay relay("slow", *publisher.notes, publisher.gate, topic, clock, {.gather_ms = 5, .wait_ms = 0});
  publish_numbers(publisher.notes, 1, 3);
  relay.step();
  CHECK(topic.sent == count_up(1, 3));
  publish_numbers(publisher.notes, 4, 9);
  CHECK_FALSE(relay.step());
  CHECK(topic.sent == count_up(1, 3));
  topic.answer();
  relay.step();
  CHECK_FALSE(relay.step());
  clock.advance_ms(5);
  relay.step();
  CHECK(topic.sent == count_up(4, 9));
  publish_numbers(publisher.notes, 10, 509);
  relay.step();
  CHECK(topic.sent == count_up(4, 509));
}

TEST_CASE("the more entries a message has, the longer the next gathers, but for what is behind whole pages") {
  FarPublisher publisher;
  SlowTopic topic;
  ManualClock clock;
  events::Relay relay("slow", *publisher.notes, publisher.gate, topic, clock,
                      {.gather_ms = 2, .longest_gather_ms = 6, .wait_ms = 0});
  const auto settle = [&] {
    while (relay.step()) topic.answer();
    return relay.counts().sent;
  };
  std::int64_t last = 0;
  // How long an entry waits that is published right behind a message of so many.
  const auto waits_ms = [&](std::int64_t entries) {
    publish_numbers(publisher.notes, last + 1, last + entries);
    last += entries;
    REQUIRE(settle() == last);
    ++last;
    publish_numbers(publisher.notes, last, last);
    std::int64_t waited_ms = 0;
    for (; settle() < last; ++waited_ms) clock.advance_ms(1);
    clock.advance_ms(10);
    return waited_ms;
  };
  CHECK(waits_ms(1) == 2);
  CHECK(waits_ms(4) == 4);
  CHECK(waits_ms(100) == 6);
  CHECK(waits_ms(500) == 0);
}

TEST_CASE("a tail that a broker loses leaves no gap, and is found all the same") {
  Stage stage;
  stage.publish(1, 5);
  stage.carried.settle_later();
  stage.publish(6, 8);
  while (stage.carried.relay->step()) {
  }
  stage.broker.lose_tail("notes", 3);
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 8));
}

TEST_CASE("entries from several partitions wait for each other for a while, then the log is read") {
  Stage stage(4);
  stage.publish(1, 5);
  stage.carried.settle_later();
  const std::int64_t reads = stage.log_reads();
  std::vector<events::ReceivedEvent> held;
  stage.broker.on_receive = [&](std::vector<events::ReceivedEvent>& events) {
    if (!held.empty() || events.empty()) return;
    held.assign(events.begin(), events.begin() + 1);
    events.erase(events.begin());
  };
  SECTION("what was late comes in time") {
    stage.publish(6, 8);
    stage.carried.settle();
    CHECK(stage.heard() == count_up(1, 5));
    stage.broker.on_receive = [&](std::vector<events::ReceivedEvent>& events) {
      events.insert(events.begin(), held.begin(), held.end());
      held.clear();
    };
    stage.carried.settle();
    CHECK(stage.heard() == count_up(1, 8));
    CHECK(stage.log_reads() == reads);
  }
  SECTION("what is lost is read from the log") {
    stage.publish(6, 8);
    stage.carried.settle();
    stage.carried.far.home.clock.advance_ms(201);
    stage.carried.settle();
    CHECK(stage.heard() == count_up(1, 8));
    CHECK(stage.log_reads() > reads);
    CHECK(stage.carried.receiver->counts().given_up == 1);
  }
}

TEST_CASE("entries of another log, or with a hash that does not continue the chain, are refused and counted") {
  Stage stage;
  stage.publish(1, 5);
  stage.carried.settle_later();
  store::LogEntry entry = stage.publisher.notes.whole_log().back();
  entry.seq = 6;
  stage.broker.put("notes", events::to_broker_event({"note", "another-log"}, entry));
  stage.broker.put("notes", events::to_broker_event({"note", "log-1"}, entry));
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 5));
  CHECK(stage.carried.receiver->counts().refused == 2);
  stage.publish(6, 7);
  stage.carried.settle_later();
  CHECK(stage.heard() == count_up(1, 7));
}

TEST_CASE("a foreign event is applied once: by its identity, or else by its place in the topic") {
  Stage stage;
  stage.broker.put("notes", foreign_note("a", 101));
  stage.broker.put("notes", foreign_note("b", 102, "one"));
  stage.broker.put("notes", foreign_note("b", 102, "one"));
  stage.carried.settle();
  CHECK(stage.heard() == std::vector<std::int64_t>{101, 102});
  stage.carried.restart();
  stage.carried.settle();
  CHECK(stage.heard() == std::vector<std::int64_t>{101, 102});
  SECTION("another storage begins with its earliest event, and what has an identity is known there too") {
    stage.broker.wipe();
    stage.broker.put("notes", foreign_note("c", 103));
    stage.broker.put("notes", foreign_note("b", 102, "one"));
    stage.carried.restart();
    stage.carried.settle();
    CHECK(stage.heard() == std::vector<std::int64_t>{101, 102, 103});
    CHECK(stage.carried.inbox->counts().duplicates == 1);
  }
}

TEST_CASE("foreign events and the publisher's own come from one topic, and neither disturbs the other") {
  Stage stage;
  for (std::int64_t number = 1; number <= 20; ++number) {
    stage.publish(number, number);
    stage.broker.put("notes", foreign_note("f", 1000 + number));
    stage.carried.step();
  }
  stage.carried.settle_later();
  std::vector<std::int64_t> own;
  std::vector<std::int64_t> foreign;
  for (const std::int64_t number : stage.heard()) (number > 1000 ? foreign : own).push_back(number);
  CHECK(own == count_up(1, 20));
  CHECK(foreign == count_up(1001, 1020));
}

TEST_CASE("a foreign event that can never be applied becomes a dead letter, and those behind it are applied") {
  Stage stage;
  stage.broker.put("notes", foreign_note("a", 1));
  events::BrokerEvent wrong = foreign_note("a", 2);
  wrong.data = R"({"type":"NoteWritten","note_id":"a","number":"many"})";
  stage.broker.put("notes", wrong);
  stage.carried.far.ear.before_effect = [](store::Transaction&, const NoteWritten& event) {
    if (event.number == 3) throw std::runtime_error("poison");
  };
  stage.broker.put("notes", foreign_note("a", 3));
  stage.broker.put("notes", foreign_note("a", 4));
  stage.carried.settle();
  CHECK(stage.heard() == std::vector<std::int64_t>{1, 4});
  CHECK(foreign_dead_letters(stage.carried) == 2);
  CHECK(stage.carried.inbox->counts().dead_letters == 2);
}

TEST_CASE("what is no event at all is refused, and counted") {
  Stage stage;
  for (const char* data : {"", "no json", "[]", "{}", R"({"type":7})", "\xff\xfe"}) {
    events::BrokerEvent event;
    event.data = data;
    stage.broker.put("notes", event);
  }
  events::BrokerEvent sequenced = foreign_note("a", 1);
  sequenced.attributes = {{"source", "/seamline/note"}, {"sequence", "1"}, {"id", "x-1"}};
  stage.broker.put("notes", sequenced);
  stage.carried.settle();
  CHECK(stage.carried.receiver->counts().refused == 7);
  CHECK(stage.heard().empty());
  CHECK(foreign_dead_letters(stage.carried) == 0);
}

TEST_CASE("foreign events of many deliveries survive a crash between any two commits, each with one effect") {
  Stage stage(2);
  for (std::int64_t number = 1; number <= 150; ++number) {
    stage.broker.put("notes", foreign_note("n" + std::to_string(number), number));
  }
  for (int round = 0; round < 30; ++round) {
    stage.carried.receiver->step();
    stage.carried.far.ear.store->writer().step();
    if (round % 2 == 0) stage.carried.restart();
  }
  stage.carried.settle();
  std::vector<std::int64_t> heard = stage.heard();
  std::sort(heard.begin(), heard.end());
  CHECK(heard == count_up(1, 150));
}
