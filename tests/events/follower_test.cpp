#include "events/follower.hpp"

#include <thread>

#include "events/cloud_events.hpp"
#include "events/log_headers.hpp"
#include "far.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::test;
namespace fs = std::filesystem;

namespace {

void copy_folder(const fs::path& from, const fs::path& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

/// A server that answers with whatever a test says.
struct ScriptedPublisher {
  ScriptedPublisher() {
    server = http::Server::start({}, [this](const http::Request& request) {
               ++requests;
               return answer(request);
             }).value();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }
  static http::Response batch(const store::EntryBatch& entries, std::int64_t head) {
    http::Response response;
    events::BatchEncoder encoder(response.body, {"note", "log-1"});
    for (const auto& entry : entries) encoder.add(entry);
    encoder.end();
    response.headers.add("Content-Type", std::string(events::batch_content_type));
    response.headers.add(std::string(events::log_id_header), "log-1");
    response.headers.add(std::string(events::log_epoch_header), "1");
    response.headers.add(std::string(events::log_head_header), std::to_string(head));
    return response;
  }

  std::function<http::Response(const http::Request&)> answer;
  std::atomic<int> requests{0};
  std::unique_ptr<http::Server> server;
};

store::EntryBatch log_of(std::int64_t count) {
  NoteStore notes;
  publish_numbers(notes, 1, count);
  return notes.whole_log();
}

}  // namespace

TEST_CASE("a subscriber that was down for long catches up without a hole, in order, each effect once") {
  FarPublisher publisher({.max_entries = 700, .max_bytes = 200'000});
  FarEar far(publisher.url());
  publish_numbers(publisher.notes, 1, 10);
  far.settle();
  CHECK(far.ear.numbers() == count_up(1, 10));
  for (std::int64_t first = 11; first <= 10'000; first += 1000) {
    publish_numbers(publisher.notes, first, std::min<std::int64_t>(first + 999, 10'000));
  }
  far.restart();
  far.settle();
  CHECK(far.ear.numbers() == count_up(1, 10'000));
  CHECK(far.ear.consumer->applied() == publisher.notes->log().head());
  CHECK(far.ear.consumer->counts().skipped_duplicates == 0);
}

TEST_CASE("a slow subscriber reads no further ahead than its queue has room") {
  FarPublisher publisher;
  FarEar far(publisher.url(), 8, 3);
  publish_numbers(publisher.notes, 1, 40);
  int reads = 0;
  while (far.follower->step()) ++reads;
  CHECK(reads < 4);
  far.settle();
  CHECK(far.ear.numbers() == count_up(1, 40));
}

TEST_CASE("an entry is applied as soon as it is published, not when the poll is over") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  far.options.wait_ms = 30'000;
  far.connect();
  far.ear.store->writer().start_thread();
  LoopThread thread("follower", *far.follower, 10);
  for (std::int64_t number = 1; number <= 20; ++number) {
    publish_numbers(publisher.notes, number, number);
    REQUIRE(poll_until([&] { return far.ear.consumer->applied().seq == number; }));
  }
  CHECK(far.ear.numbers() == count_up(1, 20));
  far.follower->stop();
}

TEST_CASE("a follower that is stopped does not wait for its poll to end") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  far.options.wait_ms = 30'000;
  far.connect();
  LoopThread thread("follower", *far.follower, 10);
  REQUIRE(poll_until([&] { return publisher.requests.load() == 1; }));
  std::atomic<bool> has_stopped{false};
  std::thread stopping([&] {
    far.follower->stop();
    thread.stop();
    has_stopped.store(true);
  });
  CHECK(poll_until([&] { return has_stopped.load(); }));
  publisher.endpoint->stop();
  stopping.join();
}

TEST_CASE("a publisher that is killed and comes back is heard on from where it was, after pauses that grow") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  publish_numbers(publisher.notes, 1, 3);
  far.settle();
  publisher.stop();
  far.settle();
  CHECK_FALSE(far.is_diverged());
  for (int i = 0; i < 20; ++i) {
    far.home.clock.advance_ms(500);
    far.settle();
  }
  publisher.start();
  publish_numbers(publisher.notes, 4, 6);
  far.settle();
  CHECK(far.ear.numbers() == count_up(1, 3));
  far.home.clock.advance_ms(1'000);
  far.settle();
  CHECK(far.ear.numbers() == count_up(1, 6));
}

TEST_CASE("a publisher restored from an older copy has diverged, and nothing is skipped", "[sqlite]") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  TemporaryFolder copies;
  publish_numbers(publisher.notes, 1, 3);
  publisher.while_down([&](const fs::path& store) { copy_folder(store, copies.path() / "old"); });
  publish_numbers(publisher.notes, 4, 6);
  far.settle();
  REQUIRE(far.ear.numbers() == count_up(1, 6));
  publisher.while_down([&](const fs::path& store) {
    copy_folder(store, copies.path() / "new");
    copy_folder(copies.path() / "old", store);
  });

  SECTION("its head is before the cursor") {}
  SECTION("it has written other entries since") { publish_numbers(publisher.notes, 104, 110); }
  // The first request may find the connection ended, and a pause follows.
  far.settle();
  far.home.clock.advance_ms(1'000);
  far.settle();
  CHECK(far.is_diverged());
  const int requests = publisher.requests.load();
  far.home.clock.advance_ms(900);
  far.settle();
  CHECK(publisher.requests.load() == requests);
  for (int i = 0; i < 30; ++i) {
    far.home.clock.advance_ms(1'000);
    far.settle();
  }
  CHECK(publisher.requests.load() < requests + 8);
  CHECK(far.is_diverged());
  CHECK(far.ear.numbers() == count_up(1, 6));

  // The newest copy is put back: all goes on.
  publisher.while_down([&](const fs::path& store) { copy_folder(copies.path() / "new", store); });
  publish_numbers(publisher.notes, 7, 9);
  for (int i = 0; i < 40; ++i) {
    far.home.clock.advance_ms(1'000);
    far.settle();
  }
  CHECK_FALSE(far.is_diverged());
  CHECK(far.ear.numbers() == count_up(1, 9));
}

TEST_CASE("another log in the place of a publisher's is not heard, and the right one is when it is back", "[sqlite]") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  TemporaryFolder copies;
  publish_numbers(publisher.notes, 1, 3);
  far.settle();
  publisher.while_down([&](const fs::path& store) {
    copy_folder(store, copies.path() / "right");
    fs::remove_all(store);
  });
  publisher.tamper("UPDATE ownership SET log_id = 'log-2'");
  publish_numbers(publisher.notes, 101, 109);
  for (int i = 0; i < 5; ++i) {
    far.home.clock.advance_ms(1'000);
    far.settle();
  }
  CHECK(far.is_diverged());
  // A restart makes it no better: the cursor knows its log.
  far.restart();
  far.settle();
  CHECK(far.is_diverged());
  publisher.while_down([&](const fs::path& store) { copy_folder(copies.path() / "right", store); });
  publish_numbers(publisher.notes, 4, 5);
  for (int i = 0; i < 5; ++i) {
    far.home.clock.advance_ms(1'000);
    far.settle();
  }
  CHECK_FALSE(far.is_diverged());
  CHECK(far.ear.numbers() == count_up(1, 5));
}

TEST_CASE("an entry that was changed in the publisher's table breaks the chain, and is not applied") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  publish_numbers(publisher.notes, 1, 3);
  far.settle();
  publish_numbers(publisher.notes, 4, 6);
  publisher.tamper("UPDATE event_log SET payload = '{\"type\":\"NoteWritten\",\"note_id\":\"s2\",\"number\":7}' WHERE seq = 5");
  for (int i = 0; i < 5; ++i) {
    far.home.clock.advance_ms(1'000);
    far.settle();
  }
  CHECK(far.is_diverged());
  CHECK(far.ear.numbers() == count_up(1, 3));
}

TEST_CASE("a publisher at a lower epoch than the cursor has seen is no longer the owner") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  publisher.tamper("UPDATE ownership SET epoch = 2");
  publish_numbers(publisher.notes, 1, 3);
  far.settle();
  CHECK(far.ear.consumer->applied().epoch == 2);
  publisher.stop();
  {
    const auto behind = publisher.notes.open().value();
    (void)behind->write({}, [](store::Transaction& transaction) -> Result<void> {
      transaction.rows().execute("UPDATE ownership SET epoch = 1");
      return {};
    });
  }
  publisher.start();
  publish_numbers(publisher.notes, 4, 6);
  for (int i = 0; i < 5; ++i) {
    far.home.clock.advance_ms(1'000);
    far.settle();
  }
  CHECK(far.is_diverged());
  CHECK(far.ear.numbers() == count_up(1, 3));
}

TEST_CASE("an answer that does not continue the cursor is refused as diverged, whole") {
  const auto log = log_of(6);
  ScriptedPublisher publisher;
  FarEar far(publisher.url());
  const auto is_diverged_by = [&](const http::Response& response) {
    publisher.answer = [&](const http::Request&) { return response; };
    far.restart();
    far.settle();
    return far.is_diverged() && far.ear.numbers().empty();
  };
  CHECK(is_diverged_by(ScriptedPublisher::batch({log[0], log[2]}, 6)));
  CHECK(is_diverged_by(ScriptedPublisher::batch({log[1], log[2]}, 6)));
  CHECK(is_diverged_by(ScriptedPublisher::batch({log[0], log[0]}, 6)));
  CHECK(is_diverged_by(ScriptedPublisher::batch({log[1], log[0]}, 6)));
  CHECK(is_diverged_by(ScriptedPublisher::batch({log[0], log[1]}, 1)));
  auto changed = log;
  changed[1].trace = "x";
  CHECK(is_diverged_by(ScriptedPublisher::batch(changed, 6)));
  changed = log;
  changed[1].epoch = 2;
  changed[1].hash = store::chain_hash(changed[0].hash, changed[1]);
  CHECK(is_diverged_by(ScriptedPublisher::batch({changed[0], changed[1]}, 6)));
}

TEST_CASE("an answer whose headers do not fit the cursor is refused as diverged, although the publisher did not notice") {
  auto log = log_of(3);
  for (auto& entry : log) entry.epoch = 5;
  log[0].hash = store::chain_hash({}, log[0]);
  log[1].hash = store::chain_hash(log[0].hash, log[1]);
  ScriptedPublisher publisher;
  http::FixedEndpoint endpoint(publisher.url());
  events::HttpLogSource source("note", endpoint, {});
  const store::LogPosition cursor{"log-1", 5, 2, log[1].hash};
  const auto error_for = [&](const char* log_id, const char* epoch, const char* head) {
    publisher.answer = [=](const http::Request&) {
      http::Response response;
      response.body = "[]";
      response.headers.add("Content-Type", "Application/CloudEvents-Batch+JSON; charset=UTF-8");
      response.headers.add(std::string(events::log_id_header), log_id);
      response.headers.add(std::string(events::log_epoch_header), epoch);
      response.headers.add(std::string(events::log_head_header), head);
      return response;
    };
    const auto read = source.read(cursor, 10, 0);
    return read ? std::string("none") : read.error().code;
  };
  CHECK(error_for("log-1", "5", "2") == "none");
  CHECK(source.head_seq() == 2);
  CHECK(error_for("log-1", "6", "7") == "none");
  CHECK(error_for("log-2", "5", "2") == "events.diverged");
  CHECK(error_for("log-1", "4", "2") == "events.diverged");
  CHECK(error_for("log-1", "5", "1") == "events.diverged");
  CHECK(error_for("log-1", "-5", "2") == "events.unavailable");
  CHECK(error_for("log-1", "5", "2x") == "events.unavailable");
  CHECK(error_for("", "5", "2") == "events.unavailable");
}

TEST_CASE("an answer that cannot be read is asked for again") {
  const auto log = log_of(6);
  ScriptedPublisher publisher;
  FarEar far(publisher.url());
  http::Response response;
  publisher.answer = [&](const http::Request& request) {
    return request.method == "GET" ? response : http::Response{503, {}, {}};
  };
  const auto is_passed_over = [&](const http::Response& bad) {
    response = bad;
    far.home.clock.advance_ms(2'000);
    far.settle();
    return !far.is_diverged() && far.ear.numbers().empty();
  };
  auto cut = ScriptedPublisher::batch(log, 6);
  cut.body.resize(cut.body.size() / 2);
  CHECK(is_passed_over(cut));
  auto wrong = ScriptedPublisher::batch(log, 6);
  wrong.body = "<html>";
  CHECK(is_passed_over(wrong));
  wrong = ScriptedPublisher::batch(log, 6);
  wrong.headers = {};
  CHECK(is_passed_over(wrong));
  wrong.headers.add("Content-Type", "application/json");
  CHECK(is_passed_over(wrong));
  CHECK(is_passed_over({500, {}, "oops"}));
  CHECK(is_passed_over({404, {}, {}}));
  CHECK(is_passed_over({204, {}, {}}));
  response = ScriptedPublisher::batch(log, 6);
  publisher.answer = [&](const http::Request& request) {
    const bool is_first = request.query.starts_with("after=0&");
    return is_first ? response : ScriptedPublisher::batch({}, 6);
  };
  far.home.clock.advance_ms(2'000);
  far.settle();
  CHECK(far.ear.numbers() == count_up(1, 6));
}

TEST_CASE("a publisher that does not wait is asked again after a pause, not at once") {
  ScriptedPublisher publisher;
  publisher.answer = [](const http::Request&) { return ScriptedPublisher::batch({}, 0); };
  FarEar far(publisher.url());
  far.options.wait_ms = 30'000;
  far.connect();
  for (int i = 0; i < 1'000; ++i) far.follower->step();
  CHECK(publisher.requests.load() == 1);
  for (int i = 0; i < 1'000; ++i) {
    far.home.clock.advance_ms(10);
    far.follower->step();
  }
  CHECK(publisher.requests.load() < 20);
  CHECK(publisher.requests.load() > 5);
}

TEST_CASE("receipts follow what is durably applied, at most one a second") {
  FarPublisher publisher;
  FarEar far(publisher.url());
  publish_numbers(publisher.notes, 1, 3);
  far.follower->step();
  far.home.clock.advance_ms(1'000);
  far.follower->step();
  // Read, and not applied yet.
  CHECK(publisher.receipt_of("ear") == std::nullopt);
  far.settle();
  far.home.clock.advance_ms(1'000);
  far.settle();
  CHECK(publisher.receipt_of("ear") == 3);
  publish_numbers(publisher.notes, 4, 4);
  far.settle();
  CHECK(far.ear.consumer->applied().seq == 4);
  CHECK(publisher.receipt_of("ear") == 3);
  far.home.clock.advance_ms(1'000);
  far.settle();
  CHECK(publisher.receipt_of("ear") == 4);
  const int requests = publisher.requests.load();
  far.home.clock.advance_ms(1'000);
  far.follower->step();
  CHECK(publisher.requests.load() == requests + 1);
}

TEST_CASE("each request proves the subscriber by a token, where it has one") {
  ScriptedPublisher publisher;
  std::string seen;
  publisher.answer = [&](const http::Request& request) {
    seen = request.headers.get("Authorization");
    return ScriptedPublisher::batch({}, 0);
  };
  http::FixedEndpoint endpoint(publisher.url());
  int drawn = 0;
  ManualClock clock;
  security::ServiceTokens tokens(
      [&](std::string_view audience) -> Result<security::ServiceToken> {
        return security::ServiceToken{std::string(audience) + std::to_string(++drawn), 60};
      },
      clock);
  events::HttpLogSource source("note", endpoint, {}, &tokens);
  CHECK(source.read({}, 10, 0).has_value());
  CHECK(source.read({}, 10, 0).has_value());
  CHECK(seen == "Bearer note1");
  // One that is refused is not sent again.
  clock.advance_ms(1'000);
  publisher.answer = [&](const http::Request&) { return http::Response{401, {}, {}}; };
  CHECK(source.read({}, 10, 0).error().code == "events.unavailable");
  publisher.answer = [&](const http::Request& request) {
    seen = request.headers.get("Authorization");
    return ScriptedPublisher::batch({}, 0);
  };
  CHECK(source.read({}, 10, 0).has_value());
  CHECK(seen == "Bearer note2");
  source.interrupt();
  CHECK(source.read({}, 10, 0).error().code == "events.unavailable");
}
