#include "http/connection_pool.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/hostile_server.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using http::ConnectionPool;
using test::HostileServer;
using Peer = HostileServer::Peer;

namespace {

http::Request get() { return {"GET", "/", {}, {}, {}}; }

std::string outcome_of(ConnectionPool& pool, const std::string& url) {
  const auto response = pool.send(url, get(), {});
  return response ? std::to_string(response->status) : response.error().code;
}

/// A server that answers nothing before the gate is open.
struct Gated {
  std::atomic<bool> is_open{false};
  HostileServer server{[this](Peer& peer) {
    while (!peer.read_request().empty()) {
      while (!is_open.load() && peer.pause_ms(1)) {
      }
      peer.send(HostileServer::good_answer);
    }
  }};
};

/// So many requests at a time, each of which waits for the gate.
void send_together(ConnectionPool& pool, Gated& gated, int count) {
  gated.is_open = false;
  const int before = gated.server.requests();
  std::vector<std::thread> threads;
  std::atomic<int> answered{0};
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&] { answered += outcome_of(pool, gated.server.url()) == "200" ? 1 : 0; });
  }
  CHECK(test::poll_until([&] { return gated.server.requests() == before + count; }));
  gated.is_open = true;
  for (std::thread& thread : threads) thread.join();
  CHECK(answered == count);
}

}  // namespace

TEST_CASE("a pool uses one connection for requests that follow each other, and as many as there are at a time") {
  test::ManualClock clock;
  Gated gated;
  ConnectionPool pool({}, clock);
  gated.is_open = true;
  for (int i = 0; i < 10; ++i) CHECK(outcome_of(pool, gated.server.url()) == "200");
  CHECK(gated.server.connections() == 1);
  CHECK(pool.idle() == 1);
  send_together(pool, gated, 4);
  CHECK(gated.server.connections() == 4);
  CHECK(pool.idle() == 4);
  send_together(pool, gated, 4);
  CHECK(gated.server.connections() == 4);
}

TEST_CASE("a pool keeps no more unused connections than it may") {
  test::ManualClock clock;
  Gated gated;
  ConnectionPool pool({.max_idle = 2}, clock);
  send_together(pool, gated, 5);
  CHECK(pool.idle() == 2);
}

TEST_CASE("a pool keeps the connections of a whole burst for the next one") {
  test::ManualClock clock;
  Gated gated;
  ConnectionPool pool({}, clock);
  send_together(pool, gated, 32);
  CHECK(pool.idle() == 32);
  send_together(pool, gated, 32);
  CHECK(gated.server.connections() == 32);
}

TEST_CASE("a pool keeps 32 unused connections at most: each holds a place at a service that others call too") {
  test::ManualClock clock;
  Gated gated;
  ConnectionPool pool({}, clock);
  send_together(pool, gated, 36);
  CHECK(pool.idle() == 32);
}

TEST_CASE("a pool refuses at once what is over its limit, for that url alone, and says that it has not run") {
  test::ManualClock clock;
  Gated gated;
  Gated other;
  other.is_open = true;
  ConnectionPool pool({.max_open = 1}, clock);
  std::string of_first;
  std::thread first([&] { of_first = outcome_of(pool, gated.server.url()); });
  CHECK(test::poll_until([&] { return gated.server.requests() == 1; }));
  const auto second = pool.send(gated.server.url(), get(), {});
  REQUIRE_FALSE(second);
  CHECK(second.error().code == "call.overloaded");
  CHECK(second.error().kind == Kind::unavailable);
  CHECK_FALSE(second.error().may_have_run);
  CHECK(second.error().retryable);
  CHECK(outcome_of(pool, other.server.url()) == "200");
  gated.is_open = true;
  first.join();
  CHECK(of_first == "200");
  CHECK(outcome_of(pool, gated.server.url()) == "200");
}

TEST_CASE("an unused connection is closed before the server would close it, and the one used last is used next") {
  test::ManualClock clock;
  Gated gated;
  ConnectionPool pool({.idle_ms = 1'000}, clock);
  send_together(pool, gated, 3);
  CHECK(pool.idle() == 3);
  for (int i = 0; i < 4; ++i) {
    clock.advance_ms(300);
    CHECK(outcome_of(pool, gated.server.url()) == "200");
  }
  CHECK(pool.idle() == 1);
  CHECK(gated.server.connections() == 3);
  clock.advance_ms(1'000);
  CHECK(outcome_of(pool, gated.server.url()) == "200");
  CHECK(gated.server.connections() == 4);
}

TEST_CASE("old connections to a url that is asked no more are closed when another one is asked") {
  test::ManualClock clock;
  HostileServer first([](Peer& peer) { peer.behave(); });
  HostileServer second([](Peer& peer) { peer.behave(); });
  ConnectionPool pool({.idle_ms = 1'000}, clock);
  CHECK(outcome_of(pool, first.url()) == "200");
  clock.advance_ms(1'000);
  CHECK(outcome_of(pool, second.url()) == "200");
  CHECK(pool.idle() == 1);
}

TEST_CASE("a connection on which something went wrong does not come back into the pool") {
  test::ManualClock clock;
  HostileServer server(HostileServer::at_first([](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  }));
  ConnectionPool pool({}, clock);
  CHECK(outcome_of(pool, server.url()) == "call.bad_reply");
  CHECK(pool.idle() == 0);
  CHECK(outcome_of(pool, server.url()) == "200");
  CHECK(pool.idle() == 1);
}
