#include "http/otlp_carrier.hpp"

#include <chrono>

#include "support/catch.hpp"
#include "support/hostile_server.hpp"

using namespace seamline;
using test::HostileServer;

namespace {

observe::OtlpAnswer post_to(const HostileServer& server, const std::string& path = "/v1/traces",
                            std::int64_t timeout_ms = 2'000) {
  http::HttpOtlpCarrier carrier({});
  return carrier.post(server.url() + path, "{}", timeout_ms);
}

HostileServer::Script answering(std::string answer) {
  return [answer = std::move(answer)](HostileServer::Peer& peer) {
    while (!peer.read_request().empty()) peer.send(answer);
  };
}

}  // namespace

TEST_CASE("telemetry is posted as JSON to the path of its url, with the headers of its sender") {
  std::mutex mutex;
  std::string request;
  HostileServer server([&](HostileServer::Peer& peer) {
    for (std::string one = peer.read_request(); !one.empty(); one = peer.read_request()) {
      const std::lock_guard lock(mutex);
      request = one;
      peer.send(HostileServer::good_answer);
    }
  });
  http::Headers headers;
  headers.add("Authorization", "Bearer key");
  http::HttpOtlpCarrier carrier(headers);
  for (int i = 0; i < 3; ++i) {
    const auto answer = carrier.post(server.url() + "/prefix/v1/traces", R"({"a":1})", 2'000);
    CHECK(answer.status == 200);
    CHECK(answer.body == R"({"good":true})");
  }
  const std::lock_guard lock(mutex);
  CHECK(request.starts_with("POST /prefix/v1/traces HTTP/1.1\r\n"));
  CHECK(request.find("\r\nContent-Type: application/json\r\n") != std::string::npos);
  CHECK(request.find("\r\nAuthorization: Bearer key\r\n") != std::string::npos);
  CHECK(request.ends_with("\r\n\r\n{\"a\":1}"));
  CHECK(server.connections() == 1);
}

TEST_CASE("Retry-After is read where it is a number of seconds") {
  for (const auto& [value, wanted_ms] : {std::pair{"7", 7'000},
                                         {"0", 0},
                                         {"-1", 0},
                                         {"1.5", 0},
                                         {"soon", 0},
                                         {"7 ", 7'000},
                                         {"Fri, 31 Dec 1999 23:59:59 GMT", 0},
                                         {"99999999999999999999", 0}}) {
    INFO(value);
    HostileServer server(answering("HTTP/1.1 503 Busy\r\nRetry-After: " + std::string(value) + "\r\nContent-Length: 0\r\n\r\n"));
    const auto answer = post_to(server);
    CHECK(answer.status == 503);
    CHECK(answer.retry_after_ms == wanted_ms);
  }
}

TEST_CASE("a collector that is no collector gives no answer, in the time that there is") {
  const std::string endless = "HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n" + std::string(1 << 20, 'x');
  const std::vector<HostileServer::Script> scripts{
      [](HostileServer::Peer&) {},
      [](HostileServer::Peer& peer) { peer.read_request(); },
      answering("SSH-2.0-OpenSSH_9\r\n"),
      answering(endless),
      answering("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12"),
  };
  for (std::size_t i = 0; i < scripts.size(); ++i) {
    INFO(i);
    HostileServer server(scripts[i]);
    const auto start = std::chrono::steady_clock::now();
    const auto answer = post_to(server, "/v1/traces", 300);
    CHECK(answer.status == 0);
    CHECK_FALSE(answer.problem.empty());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(5));
  }
}

TEST_CASE("a redirect is an answer, and is not followed") {
  HostileServer server(answering("HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"));
  CHECK(post_to(server).status == 307);
  CHECK(server.requests() == 1);
}

TEST_CASE("nobody at the address is no answer") {
  http::HttpOtlpCarrier carrier({});
  const auto answer = carrier.post("http://127.0.0.1:1/v1/traces", "{}", 500);
  CHECK(answer.status == 0);
  CHECK_FALSE(answer.problem.empty());
}
