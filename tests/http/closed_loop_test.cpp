#include "http/closed_loop.hpp"

#include <atomic>
#include <vector>

#include "http/server.hpp"
#include "support/catch.hpp"

using namespace seamline;
using http::ClosedLoop;
using http::Request;
using http::Response;
using http::Server;

namespace {

/// A server that counts, and remembers how many requests it had at once.
struct Counting {
  explicit Counting(Server::Options options = {}) {
    server = Server::start(options, [this](const Request& request) {
               const int now = ++running;
               for (int most = most_at_once; most < now && !most_at_once.compare_exchange_weak(most, now);) {
               }
               Response response;
               response.status = request.path == "/bad" ? 404 : 200;
               response.body = request.path + request.body;
               ++requests;
               --running;
               return response;
             }).value();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  std::atomic<int> requests{0};
  std::atomic<int> running{0};
  std::atomic<int> most_at_once{0};
  std::unique_ptr<Server> server;
};

/// Sends `count` numbered requests and gives all outcomes.
std::vector<ClosedLoop::Outcome> send_all(const std::string& url, int count, std::size_t clients,
                                          const std::string& path = "/n") {
  std::vector<ClosedLoop::Outcome> outcomes;
  int left = count;
  ClosedLoop::Options options;
  options.clients = clients;
  const auto next = [&]() -> std::optional<Request> {
    if (left-- <= 0) return std::nullopt;
    return Request{"POST", path, {}, {}, std::to_string(left)};
  };
  REQUIRE(ClosedLoop(url, options, Clock::system())
              .run(next, [&](const ClosedLoop::Outcome& outcome) { outcomes.push_back(outcome); })
              .has_value());
  return outcomes;
}

}  // namespace

TEST_CASE("a closed loop sends every request once, so many at a time, and tells the outcome of each") {
  Counting counting;
  const auto outcomes = send_all(counting.url(), 1'000, 8);
  CHECK(counting.requests == 1'000);
  CHECK(counting.most_at_once <= 8);
  REQUIRE(outcomes.size() == 1'000);
  std::int64_t sum = 0;
  for (const auto& outcome : outcomes) {
    CHECK(outcome.status == 200);
    CHECK(outcome.latency_ns > 0);
    REQUIRE(outcome.body.starts_with("/n"));
    sum += std::stoll(outcome.body.substr(2));
  }
  CHECK(sum == 1'000 * 999 / 2);
}

TEST_CASE("a refusal is an outcome like any other") {
  Counting counting;
  for (const auto& outcome : send_all(counting.url(), 10, 2, "/bad")) CHECK(outcome.status == 404);
}

TEST_CASE("a closed loop connects anew where the server closes after each answer") {
  Server::Options options;
  options.max_keep_alive_requests = 1;
  Counting counting(options);
  const auto outcomes = send_all(counting.url(), 50, 4);
  CHECK(counting.requests == 50);
  for (const auto& outcome : outcomes) CHECK(outcome.status == 200);
}

TEST_CASE("a request that no whole answer comes to has an unknown outcome, and the client goes on") {
  Counting counting;
  ClosedLoop::Options options;
  options.clients = 1;
  options.max_reply_bytes = 1'000;
  std::vector<int> statuses;
  const auto next = [&]() -> std::optional<Request> {
    if (statuses.size() >= 4) return std::nullopt;
    return Request{"POST", "/n", {}, {}, std::string(statuses.size() % 2 == 0 ? 2'000 : 20, 'x')};
  };
  REQUIRE(ClosedLoop(counting.url(), options, Clock::system())
              .run(next, [&](const ClosedLoop::Outcome& outcome) { statuses.push_back(outcome.status); })
              .has_value());
  CHECK(statuses == std::vector<int>{0, 200, 0, 200});
}

TEST_CASE("where nobody listens a closed loop says so") {
  std::string url;
  {
    const Counting gone;
    url = gone.url();
  }
  const auto run =
      ClosedLoop(url, {}, Clock::system()).run([] { return Request{"GET", "/", {}, {}, {}}; }, [](const ClosedLoop::Outcome&) {});
  REQUIRE(!run);
  CHECK(run.error().code == "call.unavailable");
}
