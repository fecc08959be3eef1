#include "http/client.hpp"

#include <atomic>

#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/poll.hpp"

using namespace seamline;
using http::Client;
using http::Request;
using http::Response;
using http::Server;

namespace {

/// A server that answers what a test wants, and counts.
struct Answering {
  explicit Answering(Server::Options options = {}) {
    server = Server::start(options, [this](const Request& request) {
               ++requests;
               last = request;
               return response;
             }).value();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

  Response response;
  Request last;
  std::atomic<int> requests{0};
  std::unique_ptr<Server> server;
};

Request get(const std::string& path) { return {"GET", path, {}, {}, {}}; }

}  // namespace

TEST_CASE("a client sends method, target, headers and body, and gets status, headers and body") {
  Answering answering;
  answering.response.status = 201;
  answering.response.headers.add("Location", "/things/1");
  answering.response.body = "made";
  Client client(answering.url());
  Request request{"POST", "/things", "a=1&b=2", {}, "{\"x\":1}"};
  request.headers.add("Content-Type", "application/json");
  const auto response = client.send(request);
  REQUIRE(response.has_value());
  CHECK(response->status == 201);
  CHECK(response->headers.get("Location") == "/things/1");
  CHECK(response->body == "made");
  CHECK(answering.last.method == "POST");
  CHECK(answering.last.path == "/things");
  CHECK(answering.last.query == "a=1&b=2");
  CHECK(answering.last.headers.get("Content-Type") == "application/json");
  CHECK(answering.last.body == "{\"x\":1}");
}

TEST_CASE("an error status is an answer, and no error of the client") {
  Answering answering;
  answering.response.status = 503;
  Client client(answering.url());
  CHECK(client.send(get("/")).value().status == 503);
}

TEST_CASE("where nobody listens the request has certainly not run") {
  std::string url;
  {
    const Answering gone;
    url = gone.url();
  }
  Client client(url);
  const auto response = client.send(get("/"));
  REQUIRE(!response);
  CHECK(response.error().code == "call.unavailable");
  CHECK(response.error().kind == Kind::unavailable);
  CHECK(!response.error().may_have_run);
  CHECK(response.error().retryable);
}

TEST_CASE("a connection that the server has closed while it was idle is opened anew") {
  Server::Options options;
  options.max_keep_alive_requests = 1;
  Answering answering(options);
  Client client(answering.url());
  for (int i = 0; i < 5; ++i) CHECK(client.send(get("/")).has_value());
  CHECK(answering.requests == 5);
}

TEST_CASE("an answer that is too large is refused, and what was asked may have run") {
  Answering answering;
  answering.response.body = std::string(5'000, 'x');
  Client client(answering.url(), {.max_reply_bytes = 4'999});
  const auto response = client.send(get("/"));
  REQUIRE(!response);
  CHECK(response.error().code == "call.bad_reply");
  CHECK(response.error().may_have_run);
  answering.response.body = std::string(4'999, 'x');
  CHECK(client.send(get("/")).value().body.size() == 4'999);
}

TEST_CASE("a server that stops between two requests is unavailable, and reachable again when it is back on its port") {
  auto first = std::make_unique<Answering>();
  Server::Options options;
  options.port = first->server->port();
  Client client(first->url());
  CHECK(client.send(get("/")).has_value());
  first.reset();
  CHECK(!client.send(get("/")));
  const Answering second(options);
  CHECK(client.send(get("/")).has_value());
}
