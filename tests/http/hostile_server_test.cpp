#include "support/hostile_server.hpp"

#include "http/client.hpp"
#include "http/connection_pool.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

/// What a client makes of servers that do not behave: a typed error in time, and no connection that is used after it.
using namespace seamline;
using http::Client;
using http::Request;
using http::Response;
using test::HostileServer;
using Peer = HostileServer::Peer;

namespace {

const http::TimeLimits quick{.connect_ms = 500, .first_byte_ms = 150, .total_ms = 300};

Request post() { return {"POST", "/things", {}, {}, "{}"}; }

struct Outcome {
  std::string code;
  bool may_have_run = false;
  std::int64_t took_ms = 0;
};

Outcome outcome_of(Client& client, const http::TimeLimits& time = quick) {
  const Instant begin = Clock::system().monotonic();
  const auto response = client.send(post(), time);
  const std::int64_t took_ms = begin.ms_until(Clock::system().monotonic());
  if (response) return {std::to_string(response->status) + " " + response->body, true, took_ms};
  return {response.error().code, response.error().may_have_run, took_ms};
}

/// The outcome of a request to a server that does this with its first connection. The next request to it goes over another one,
/// and is answered with what it is answered.
Outcome meet(HostileServer::Script script) {
  HostileServer server(HostileServer::at_first(std::move(script)));
  Client client(server.url(), {.time = quick, .max_head_bytes = 4096, .max_reply_bytes = 4096});
  const Outcome outcome = outcome_of(client);
  CHECK(outcome.took_ms < 1'500);
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  CHECK(server.connections() == 2);
  return outcome;
}

/// The same for a server that answers a whole request so, and then behaves.
Outcome answered(const std::string& bytes) {
  return meet([bytes](Peer& peer) {
    peer.read_request();
    peer.send(bytes);
    peer.behave();
  });
}

const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n";

}  // namespace

TEST_CASE("a hostile server that never answers is left when the time for the first byte is over") {
  const Outcome outcome = meet([](Peer& peer) { peer.wait_for_end(); });
  CHECK(outcome.code == "call.deadline_exceeded");
  CHECK(outcome.may_have_run);
  CHECK(outcome.took_ms >= 150);
}

TEST_CASE("a hostile server that drips its head or its body is left when the whole time is over") {
  for (const std::string& bytes : {head, head + "Content-Length: 1000\r\n\r\n" + std::string(1000, ' '),
                                   head + "Transfer-Encoding: chunked\r\n\r\n1\r\n \r\n1\r\n \r\n"}) {
    const std::string first = bytes.substr(0, bytes.size() > 600 ? bytes.size() - 900 : 20);
    const Outcome outcome = meet([&](Peer& peer) {
      peer.read_request();
      peer.send(first);
      peer.drip(bytes.substr(first.size()), 40);
      peer.wait_for_end();
    });
    CHECK(outcome.code == "call.deadline_exceeded");
    CHECK(outcome.may_have_run);
    CHECK(outcome.took_ms >= 300);
  }
}

TEST_CASE("a hostile server that resets or closes without an answer may have run the request") {
  const Outcome reset = meet([](Peer& peer) {
    peer.read_request();
    peer.reset();
  });
  CHECK(reset.code == "call.unavailable");
  CHECK(reset.may_have_run);
  const Outcome closed = meet([](Peer& peer) { peer.read_request(); });
  CHECK(closed.code == "call.unavailable");
  CHECK(closed.may_have_run);
}

TEST_CASE("a hostile server that closes as soon as it has accepted is unavailable") {
  CHECK(meet([](Peer&) {}).code == "call.unavailable");
  CHECK(meet([](Peer& peer) { peer.reset(); }).code == "call.unavailable");
}

TEST_CASE("a hostile server that ends in the middle of its answer has given a bad one") {
  const Outcome reset = meet([](Peer& peer) {
    peer.read_request();
    peer.send(head + "Content-Length: 100\r\n\r\n{\"half\":");
    peer.pause_ms(20);
    peer.reset();
  });
  CHECK(reset.code == "call.bad_reply");
  CHECK(reset.may_have_run);
  for (const char* rest :
       {"", "Content-Le", "Content-Length: 100\r\n\r\n{\"half\":", "Transfer-Encoding: chunked\r\n\r\n8\r\n{\"half\":"}) {
    const Outcome closed = meet([&](Peer& peer) {
      peer.read_request();
      peer.send(head + rest);
    });
    CHECK(closed.code == "call.bad_reply");
    CHECK(closed.may_have_run);
  }
}

TEST_CASE("a hostile server that answers garbage, or too much, has given a bad answer") {
  for (const std::string& bytes :
       {std::string("220 mail.example.org ESMTP\r\n"), std::string("\x16\x03\x01\x02\x01", 5), head + "Bad Header\r\n\r\n",
        head + "Content-Length: 10000000\r\n\r\n", head + "Content-Length: 4097\r\n\r\n" + std::string(4097, ' '),
        head + "X: " + std::string(5000, 'x'), head + "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        head + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}{}\r\n0\r\n\r\n"}) {
    INFO(bytes.substr(0, 100));
    const Outcome outcome = answered(bytes);
    CHECK(outcome.code == "call.bad_reply");
    CHECK(outcome.may_have_run);
  }
}

TEST_CASE("a hostile server that sends a body of ten megabytes is read no further than the limit") {
  std::atomic<bool> was_all_taken{false};
  const Outcome outcome = meet([&](Peer& peer) {
    peer.read_request();
    was_all_taken = peer.send(head + "Connection: close\r\n\r\n" + std::string(10'000'000, ' '));
  });
  CHECK(outcome.code == "call.bad_reply");
  CHECK_FALSE(was_all_taken);
}

TEST_CASE("of two answers to one request the second is nobody's") {
  const std::string other = head + "Content-Length: 5\r\n\r\nother";
  CHECK(answered(std::string(HostileServer::good_answer) + other).code == "200 {\"good\":true}");
  // Also where it comes late, on a connection that is kept already.
  std::atomic<bool> is_sent{false};
  HostileServer server(HostileServer::at_first([&](Peer& peer) {
    peer.read_request();
    peer.send(HostileServer::good_answer);
    peer.pause_ms(20);
    peer.send(other);
    is_sent = true;
    peer.behave();
  }));
  Client client(server.url());
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  CHECK(client.is_connected());
  CHECK(test::poll_until([&] { return is_sent.load(); }));
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  CHECK(server.connections() == 2);
}

TEST_CASE("a server in another language is understood: interim answers, chunks, a body to the end of the connection") {
  for (const std::string& bytes : {"HTTP/1.1 100 Continue\r\n\r\n" + head + "Content-Length: 2\r\n\r\n{}",
                                   head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"}) {
    HostileServer server([&](Peer& peer) {
      while (!peer.read_request().empty()) peer.send(bytes);
    });
    Client client(server.url());
    for (int i = 0; i < 3; ++i) CHECK(outcome_of(client).code == "200 {}");
    CHECK(server.connections() == 1);
  }
  CHECK(meet([](Peer& peer) {
          peer.read_request();
          peer.send("HTTP/1.0 200 OK\r\n\r\n{}");
        }).code == "200 {}");
}

TEST_CASE("a redirect is an answer that nobody follows") {
  HostileServer elsewhere([](Peer& peer) { peer.behave(); });
  HostileServer server([&](Peer& peer) {
    peer.read_request();
    peer.send("HTTP/1.1 302 Found\r\nLocation: " + elsewhere.url() + "/\r\nContent-Length: 0\r\n\r\n");
    peer.behave();
  });
  Client client(server.url());
  CHECK(outcome_of(client).code == "302 ");
  CHECK(elsewhere.connections() == 0);
}

TEST_CASE("a kept connection that has ended is seen before a request is sent over it") {
  std::atomic<bool> is_closed{false};
  HostileServer server(HostileServer::at_first([&](Peer& peer) {
    peer.read_request();
    peer.send(HostileServer::good_answer);
    peer.reset();
    is_closed = true;
  }));
  Client client(server.url());
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  CHECK(test::poll_until([&] { return is_closed.load(); }));
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  CHECK(server.connections() == 2);
}

TEST_CASE("a request over a kept connection that dies under it is not sent again by itself, because it may have run") {
  HostileServer server(HostileServer::at_first([](Peer& peer) {
    peer.read_request();
    peer.send(HostileServer::good_answer);
    peer.read_request();
    peer.reset();
  }));
  Client client(server.url());
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  const Outcome second = outcome_of(client);
  CHECK(second.code == "call.unavailable");
  CHECK(second.may_have_run);
  CHECK(server.requests() == 2);
  CHECK(server.connections() == 1);
}

TEST_CASE("a server that does not take a large request is left when the whole time is over, with what it may have read") {
  HostileServer server([](Peer& peer) { peer.pause_ms(60'000); });
  Client client(server.url());
  Request large = post();
  large.body = std::string(32'000'000, 'x');
  const Instant begin = Clock::system().monotonic();
  const auto response = client.send(large, quick);
  CHECK(begin.ms_until(Clock::system().monotonic()) < 1'500);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == "call.deadline_exceeded");
  CHECK(response.error().may_have_run);
}

TEST_CASE("an answer that comes before the whole request was taken is the answer, and ends the connection") {
  HostileServer server([](Peer& peer) {
    peer.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    peer.pause_ms(60'000);
  });
  Client client(server.url());
  Request large = post();
  large.body = std::string(32'000'000, 'x');
  const auto response = client.send(large, {.connect_ms = 1'000, .first_byte_ms = 60'000, .total_ms = 60'000});
  REQUIRE(response.has_value());
  CHECK(response->status == 413);
  CHECK_FALSE(client.is_connected());
}

TEST_CASE("a header with a line break is not sent at all") {
  HostileServer server([](Peer& peer) { peer.behave(); });
  Client client(server.url());
  Request request = post();
  request.headers.add("Seamline-Caller", "eve\r\nSeamline-Caller-Role: admin");
  const auto response = client.send(request);
  REQUIRE_FALSE(response);
  CHECK(response.error().code == "request.bad_header");
  CHECK_FALSE(response.error().may_have_run);
  CHECK(outcome_of(client).code == "200 {\"good\":true}");
  CHECK(server.requests() == 1);
}

TEST_CASE("a header that says where a message ends, or for whom it is, is the client's own and not sent for a caller") {
  HostileServer server([](Peer& peer) { peer.behave(); });
  Client client(server.url());
  for (const char* name : {"Host", "content-length", "Transfer-Encoding", "CONNECTION"}) {
    INFO(name);
    Request request = post();
    request.headers.add(name, "0");
    const auto response = client.send(request);
    REQUIRE_FALSE(response);
    CHECK(response.error().code == "request.bad_header");
    CHECK_FALSE(response.error().may_have_run);
  }
  CHECK(server.requests() == 0);
}

TEST_CASE("interrupting ends a request that waits, and every later one, without waiting") {
  HostileServer server([](Peer& peer) { peer.wait_for_end(); });
  Client client(server.url());
  std::atomic<bool> is_over{false};
  Outcome waiting;
  std::thread thread([&] {
    waiting = outcome_of(client, {.connect_ms = 1'000, .first_byte_ms = 60'000, .total_ms = 60'000});
    is_over = true;
  });
  CHECK(test::poll_until([&] { return server.connections() == 1; }));
  CHECK_FALSE(is_over);
  client.interrupt();
  thread.join();
  CHECK(waiting.code == "call.unavailable");
  CHECK(waiting.took_ms < 10'000);
  const Outcome later = outcome_of(client, {.connect_ms = 1'000, .first_byte_ms = 60'000, .total_ms = 60'000});
  CHECK(later.code == "call.unavailable");
  CHECK_FALSE(later.may_have_run);
  CHECK(later.took_ms < 10'000);
  CHECK(server.requests() == 0);
}
