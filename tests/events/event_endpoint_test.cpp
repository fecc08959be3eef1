#include <thread>

#include "base/fault.hpp"
#include "base/json.hpp"
#include "events/cloud_events.hpp"
#include "events/log_headers.hpp"
#include "far.hpp"
#include "http/problem.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

http::Response get(FarPublisher& publisher, const std::string& query) {
  return publisher.endpoint->handle({"GET", "/events/note", query, {}, {}}, {});
}
http::Response put_receipt(FarPublisher& publisher, const std::string& body, std::string_view peer = "ear") {
  return publisher.endpoint->handle({"PUT", "/events/note/receipts/ear", {}, {}, body}, peer);
}
std::string code_of(const http::Response& response) { return http::read_problem(response).code; }

std::string place_of(const store::LogEntry& entry, const std::string& log_id = "log-1") {
  return "after=" + std::to_string(entry.seq) + "&log=" + log_id + "&epoch=" + std::to_string(entry.epoch) +
         "&hash=" + to_hex(entry.hash);
}
std::vector<std::int64_t> seqs_of(const http::Response& response) {
  REQUIRE(response.status == 200);
  std::vector<std::int64_t> seqs;
  const auto entries = events::decode_batch(response.body, {"note", "log-1"}).value();
  for (const auto& entry : entries) seqs.push_back(entry.seq);
  return seqs;
}

}  // namespace

TEST_CASE("a read gives the entries behind a place, and says which log it is and where it ends") {
  FarPublisher publisher;
  publish_numbers(publisher.notes, 1, 5);
  const auto log = publisher.notes.whole_log();
  const auto all = get(publisher, "");
  CHECK(seqs_of(all) == count_up(1, 5));
  CHECK(all.headers.get("Content-Type") == "application/cloudevents-batch+json");
  CHECK(all.headers.get(events::log_id_header) == "log-1");
  CHECK(all.headers.get(events::log_epoch_header) == "1");
  CHECK(all.headers.get(events::log_head_header) == "5");
  CHECK(seqs_of(get(publisher, place_of(log[2]))) == count_up(4, 5));
  CHECK(seqs_of(get(publisher, place_of(log[2]) + "&limit=1")) == count_up(4, 4));
  CHECK(seqs_of(get(publisher, place_of(log[4]))).empty());
}

TEST_CASE("who has read an entry that is committed and not yet announced is not told that the log ends before it") {
  std::function<void()> look = [] {};
  fault::observe_crash_points([&](std::string_view, std::string_view point) {
    if (point == "after-commit") look();
  });
  std::string head;
  {
    FarPublisher publisher;
    look = [&] { head = get(publisher, place_of(publisher.notes.whole_log().back())).headers.get(events::log_head_header); };
    publish_numbers(publisher.notes, 1, 2);
  }
  fault::observe_crash_points({});
  CHECK(head == "2");
}

TEST_CASE("an answer has no more entries and bytes than the limits say, but always one entry") {
  FarPublisher publisher({.max_entries = 3, .max_bytes = 900});
  publish_numbers(publisher.notes, 1, 10);
  CHECK(seqs_of(get(publisher, "limit=1000000")) == count_up(1, 3));
  FarPublisher narrow({.max_bytes = 1});
  publish_numbers(narrow.notes, 1, 10);
  CHECK(seqs_of(get(narrow, "")) == count_up(1, 1));
}

TEST_CASE("a place that is none of this log is refused as diverged") {
  FarPublisher publisher;
  publish_numbers(publisher.notes, 1, 3);
  auto last = publisher.notes.whole_log().back();
  const auto is_diverged = [&](const std::string& query) {
    const auto response = get(publisher, query);
    return response.status == 409 && code_of(response) == "events.diverged";
  };
  CHECK(is_diverged(place_of(last, "log-2")));
  CHECK(is_diverged("log=log-2"));
  auto past = last;
  past.seq = 4;
  CHECK(is_diverged(place_of(past)));
  auto other = last;
  other.hash[0] ^= 1U;
  CHECK(is_diverged(place_of(other)));
  auto later_epoch = last;
  later_epoch.epoch = 2;
  CHECK(is_diverged(place_of(later_epoch)));
  // Nor does it wait for such a place to come into being.
  CHECK(is_diverged(place_of(past) + "&wait=30000"));
}

TEST_CASE("a query that makes no sense is refused") {
  FarPublisher publisher;
  publish_numbers(publisher.notes, 1, 1);
  const std::string hash(64, '0');
  const std::vector<std::string> queries{"after=-1",
                                         "after=x",
                                         "after=",
                                         "after=1",
                                         "after=1&log=log-1",
                                         "after=1&hash=" + hash,
                                         "after=1&log=log-1&hash=00",
                                         "limit=0",
                                         "limit=1.5",
                                         "wait=99999999999999999999",
                                         "epoch=x",
                                         "until=7",
                                         "after=0&after=0",
                                         "log=%GG"};
  for (const std::string& query : queries) {
    INFO(query);
    CHECK(get(publisher, query).status == 400);
    CHECK(code_of(get(publisher, query)).starts_with("request."));
  }
}

TEST_CASE("other paths and methods are refused in the usual way") {
  FarPublisher publisher;
  const auto status_of = [&](const std::string& method, const std::string& path) {
    return publisher.endpoint->handle({method, path, {}, {}, {}}, {}).status;
  };
  CHECK(status_of("GET", "/events/notes") == 404);
  CHECK(status_of("GET", "/events/note/receipts") == 404);
  CHECK(status_of("POST", "/events/note") == 405);
  CHECK(status_of("GET", "/events/note/receipts/ear") == 405);
  CHECK(status_of("PUT", "/events/note/receipts/") == 400);
}

TEST_CASE("a receipt stands, and never goes back or past the head") {
  FarPublisher publisher;
  publish_numbers(publisher.notes, 1, 5);
  CHECK(publisher.receipt_of("ear") == std::nullopt);
  CHECK(put_receipt(publisher, R"({"seq":3})").body == R"({"seq":3})");
  CHECK(put_receipt(publisher, R"({"seq":2})").body == R"({"seq":3})");
  CHECK(publisher.receipt_of("ear") == 3);
  CHECK(put_receipt(publisher, R"({"seq":6})").status == 409);
  CHECK(put_receipt(publisher, R"({"seq":5})").status == 200);
  CHECK(put_receipt(publisher, R"({"seq":5})", "nose").status == 403);
  CHECK(put_receipt(publisher, R"({"seq":5})", {}).status == 200);
  for (const std::string body : {"", "{}", "[]", R"({"seq":-1})", R"({"seq":"5"})", R"({"seq":5,"more":1})"}) {
    INFO(body);
    const int status = put_receipt(publisher, body).status;
    CHECK((status == 400 || status == 422));
  }
  CHECK(publisher.receipt_of("ear") == 5);
}

TEST_CASE("a module whose gate is closed takes no receipts, but its log is read") {
  FarPublisher publisher;
  publish_numbers(publisher.notes, 1, 2);
  publisher.gate.close(fail(seam::draining, "stopping").value());
  CHECK(put_receipt(publisher, R"({"seq":1})").status == 503);
  CHECK(seqs_of(get(publisher, "")) == count_up(1, 2));
}

TEST_CASE("a read that waits is answered as soon as there is an entry, or when the endpoint stops") {
  FarPublisher publisher;
  publish_numbers(publisher.notes, 1, 1);
  const std::string query = place_of(publisher.notes.whole_log().back()) + "&wait=30000";
  std::atomic<int> answered{0};
  http::Response first;
  http::Response second;
  std::thread waiting_1([&] {
    first = get(publisher, query);
    ++answered;
  });
  publish_numbers(publisher.notes, 2, 2);
  CHECK(poll_until([&] { return answered.load() == 1; }));
  waiting_1.join();
  CHECK(seqs_of(first) == count_up(2, 2));

  const std::string last = place_of(publisher.notes.whole_log().back()) + "&wait=30000";
  std::thread waiting_2([&] {
    second = get(publisher, last);
    ++answered;
  });
  publisher.endpoint->stop();
  CHECK(poll_until([&] { return answered.load() == 2; }));
  waiting_2.join();
  CHECK(seqs_of(second).empty());
  CHECK(seqs_of(get(publisher, last)).empty());
}

TEST_CASE("one more than may wait is answered at once, with nothing") {
  FarPublisher publisher({.max_polls = 0});
  CHECK(seqs_of(get(publisher, "wait=30000")).empty());
}
