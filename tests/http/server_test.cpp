#include "http/server.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <optional>
#include <thread>
#include <vector>

#include "base/json.hpp"
#include "support/catch.hpp"
#include "support/raw_client.hpp"

using namespace seamline;
using http::Request;
using http::Response;
using http::Server;
using test::RawClient;

namespace {

/// Answers each request with what it understood of it, and counts the requests.
class Echo {
 public:
  explicit Echo(Server::Options options = {}) {
    server = Server::start(options, [this](const Request& request) {
               ++requests;
               Response response;
               response.body = request.method + " " + request.path + " [" + request.body + "]";
               return response;
             }).value();
  }
  /// What comes back for these bytes, when the client sends nothing more.
  std::string answer(const std::string& bytes) {
    RawClient one(server->port());
    one.send(bytes);
    one.finish();
    return one.read_to_end();
  }

  std::atomic<int> requests{0};
  std::unique_ptr<Server> server;
};

int status_of(const std::string& response) { return response.size() < 12 ? 0 : std::stoi(response.substr(9, 3)); }
std::string body_of(const std::string& response) {
  const auto end = response.find("\r\n\r\n");
  return end == std::string::npos ? std::string() : response.substr(end + 4);
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string get(const std::string& path, const std::string& fields = {}) {
  return "GET " + path + " HTTP/1.1\r\nHost: x\r\n" + fields + "\r\n";
}
std::string post(const std::string& body, const std::string& length) {
  return "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: " + length + "\r\n\r\n" + body;
}

/// Whether a response is a problem with these, in its whole form, that closes the connection.
bool is_problem(const std::string& response, int status, const std::string& code) {
  const auto body = json::parse(body_of(response));
  if (status_of(response) != status || !body || !has(response, "Content-Type: application/problem+json\r\n")) return false;
  for (const char* member : {"type", "title", "status", "detail", "code"}) {
    if (body->find(member) == nullptr) return false;
  }
  return body->find("code")->text == code && body->find("status")->integer == status && has(response, "Connection: close\r\n");
}

Server::Options quick() {
  Server::Options options;
  options.read_timeout_ms = 200;
  options.keep_alive_ms = 200;
  options.body_timeout_ms = 400;
  options.stop_timeout_ms = 200;
  return options;
}

std::int64_t ms_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - start).count();
}

/// Sends a byte every 20 ms until the server closes, or five seconds have passed.
std::string drip(RawClient& client, std::string_view bytes) {
  for (int i = 0; i < 250; ++i) {
    if (!client.send(bytes.substr(static_cast<std::size_t>(i) % bytes.size(), 1))) break;
    RawClient::pause_ms(20);
  }
  return client.read_to_end();
}

}  // namespace

TEST_CASE("a request is answered, and the connection serves the next one") {
  Echo echo;
  RawClient client(echo.server->port());
  for (int i = 0; i < 3; ++i) {
    client.send(post("hello", "5"));
    const std::string response = client.read_response();
    CHECK(status_of(response) == 200);
    CHECK(has(response, "Connection: keep-alive\r\n"));
    CHECK(body_of(response) == "POST /a [hello]");
  }
  client.send(get("/b", "Connection: close\r\n"));
  const std::string last = client.read_to_end();
  CHECK(has(last, "Connection: close\r\n"));
  CHECK(body_of(last) == "GET /b []");
}

TEST_CASE("a request may come in pieces of any size") {
  Echo echo;
  RawClient client(echo.server->port());
  for (const char c : post("hello", "5")) client.send(std::string(1, c));
  CHECK(body_of(client.read_response()) == "POST /a [hello]");
  const std::string large(1 << 20, 'x');
  client.send(post(large, std::to_string(large.size())));
  CHECK(body_of(client.read_response()) == "POST /a [" + large + "]");
}

TEST_CASE("a body that is cut short never reaches the handler") {
  Echo echo(quick());
  CHECK(is_problem(echo.answer(post("hello", "100")), 400, "request.body_cut_short"));
  RawClient silent(echo.server->port());
  silent.send(post("hello", "100"));
  CHECK(is_problem(silent.read_to_end(), 408, "request.timed_out"));
  CHECK(echo.requests == 0);
}

TEST_CASE("a body that is longer than its length never reaches the handler") {
  Echo echo;
  CHECK(is_problem(echo.answer(post("hello!", "5")), 400, "request.body_too_long"));
  CHECK(is_problem(echo.answer(post("hello" + get("/smuggled"), "5")), 400, "request.body_too_long"));
  CHECK(echo.requests == 0);
}

TEST_CASE("what two readers could take differently is refused, with nothing run") {
  Echo echo(quick());
  const auto post_with = [](const std::string& fields) { return "POST /a HTTP/1.1\r\nHost: x\r\n" + fields + "\r\nhello"; };
  CHECK(is_problem(echo.answer(post_with("Content-Length: 5\r\nContent-Length: 6\r\n")), 400, "request.bad_length"));
  CHECK(is_problem(echo.answer(post_with("Content-Length: 5\r\nContent-Length: 5\r\n")), 400, "request.bad_length"));
  CHECK(is_problem(echo.answer(post_with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")), 400, "request.bad_length"));
  CHECK(is_problem(echo.answer(post_with("Transfer-Encoding: chunked\r\n")), 411, "request.length_required"));
  CHECK(is_problem(echo.answer(post_with("Content-Length: -5\r\n")), 400, "request.bad_length"));
  CHECK(is_problem(echo.answer(post_with("Content-Length: 5x\r\n")), 400, "request.bad_length"));
  CHECK(is_problem(echo.answer(post_with("Content-Length : 5\r\n")), 400, "request.bad_header"));
  CHECK(is_problem(echo.answer(post_with("")), 411, "request.length_required"));
  CHECK(is_problem(echo.answer("GET / HTTP/1.1\r\n\r\n"), 400, "request.bad_host"));
  CHECK(is_problem(echo.answer(get("/", "Host: y\r\n")), 400, "request.bad_host"));
  CHECK(is_problem(echo.answer(get("/", "A: b\r\n c\r\n")), 400, "request.bad_header"));
  CHECK(is_problem(echo.answer(get("/", "A: b\x01\r\n")), 400, "request.bad_header"));
  CHECK(is_problem(echo.answer("GET / HTTP/1.1\nHost: x\n\n"), 400, "request.malformed_head"));
  CHECK(is_problem(echo.answer("GET / HTTP/1.1\r\nHost: x\n\r\n"), 400, "request.malformed_head"));
  CHECK(is_problem(echo.answer("hello\r\n\r\n"), 400, "request.malformed_head"));
  CHECK(is_problem(echo.answer("\x16\x03\x01\x02\n"), 400, "request.malformed_head"));
  CHECK(is_problem(echo.answer("GET / HTTP/3.0\r\nHost: x\r\n\r\n"), 505, "request.unknown_version"));
  CHECK(echo.requests == 0);
}

TEST_CASE("after a refusal the connection is closed: what follows is not taken for a request") {
  Echo echo;
  RawClient client(echo.server->port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5x\r\n\r\n" + get("/smuggled"));
  const std::string all = client.read_to_end();
  CHECK(all.find("HTTP/1.1 ") == all.rfind("HTTP/1.1 "));
  CHECK(echo.requests == 0);
}

TEST_CASE("heads, targets and bodies over their limits are refused without being read to their end") {
  Echo echo;
  CHECK(
      is_problem(echo.answer("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n"), 414, "request.target_too_long"));
  CHECK(is_problem(echo.answer("GET /" + std::string(40'000, 'a')), 414, "request.target_too_long"));
  CHECK(is_problem(echo.answer(get("/", "A: " + std::string(16'400, 'b') + "\r\n")), 431, "request.head_too_large"));
  std::string fields;
  for (int i = 0; i < 101; ++i) fields += "A: b\r\n";
  CHECK(is_problem(echo.answer(get("/", fields)), 431, "request.too_many_headers"));
  RawClient endless(echo.server->port());
  endless.send("GET / HTTP/1.1\r\n");
  for (int i = 0; i < 1000 && endless.send("A: " + std::string(1000, 'b') + "\r\n"); ++i) {
  }
  CHECK(is_problem(endless.read_to_end(), 431, "request.head_too_large"));
  RawClient large(echo.server->port());
  large.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\nExpect: 100-continue\r\n\r\n");
  CHECK(is_problem(large.read_to_end(), 413, "request.too_large"));
  CHECK(echo.requests == 0);
}

TEST_CASE("a head of just under 16 KiB is read") {
  Echo echo;
  const std::string head = get("/", "A: " + std::string(16'000, 'b') + "\r\n");
  CHECK(status_of(echo.answer(head)) == 200);
}

TEST_CASE("HEAD has the head of the answer, and no body") {
  Echo echo;
  RawClient client(echo.server->port());
  client.send("HEAD /a HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string response = client.read_response(false);
  CHECK(has(response, "Content-Length: 10\r\n"));
  CHECK(body_of(response).empty());
  client.send(get("/b"));
  CHECK(body_of(client.read_response()) == "GET /b []");
}

TEST_CASE("HTTP/1.0 is answered and closed, or kept where it asks for that") {
  Echo echo;
  RawClient once(echo.server->port());
  once.send("GET /a HTTP/1.0\r\n\r\n");
  CHECK(has(once.read_to_end(), "Connection: close\r\n"));
  RawClient kept(echo.server->port());
  kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  CHECK(has(kept.read_response(), "Connection: keep-alive\r\n"));
  kept.send("GET /b HTTP/1.0\r\n\r\n");
  CHECK(body_of(kept.read_to_end()) == "GET /b []");
}

TEST_CASE("Expect: 100-continue gets its 100 before the body, once") {
  Echo echo;
  RawClient client(echo.server->port());
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_response(false) == "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("hello");
  CHECK(body_of(client.read_response()) == "POST /a [hello]");
  client.send("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: coffee\r\n\r\n");
  CHECK(is_problem(client.read_to_end(), 417, "request.bad_expectation"));
}

TEST_CASE("pipelined GETs are answered in their order, empty lines between requests are no requests") {
  Echo echo;
  RawClient client(echo.server->port());
  client.send(get("/1") + get("/2") + "\r\n\r\n" + get("/3", "Connection: close\r\n") + get("/4"));
  CHECK(body_of(client.read_response()) == "GET /1 []");
  CHECK(body_of(client.read_response()) == "GET /2 []");
  CHECK(body_of(client.read_response()) == "GET /3 []");
  CHECK(client.read_to_end().empty());
  CHECK(echo.requests == 3);
}

TEST_CASE("a head that drips in has one time limit for all of it, not one for each byte") {
  Echo echo(quick());
  RawClient client(echo.server->port());
  std::string response;
  const auto took_ms = ms_of([&] { response = drip(client, "GET / HTTP/1.1\r\nX: " + std::string(300, 'a')); });
  CHECK(is_problem(response, 408, "request.timed_out"));
  CHECK(took_ms < 3000);
}

TEST_CASE("empty lines that drip in do not hold a connection either") {
  Echo echo(quick());
  RawClient client(echo.server->port());
  const auto took_ms = ms_of([&] { drip(client, "\r\n"); });
  CHECK(took_ms < 3000);
}

TEST_CASE("a body that drips in has one time limit for all of it") {
  Echo echo(quick());
  RawClient client(echo.server->port());
  client.send(post("", "1000"));
  std::string response;
  const auto took_ms = ms_of([&] { response = drip(client, "x"); });
  CHECK(is_problem(response, 408, "request.timed_out"));
  CHECK(took_ms < 3000);
  CHECK(echo.requests == 0);
}

TEST_CASE("a client that takes its answer too slowly is dropped") {
  auto options = quick();
  options.max_connections = 1;
  std::promise<void> entered;
  std::atomic<int> requests{0};
  const auto server = Server::start(options, [&](const Request&) {
                        if (++requests == 1) entered.set_value();
                        return Response{200, {}, requests == 1 ? std::string(64 << 20, 'x') : "next"};
                      }).value();
  RawClient client(server->port());
  client.send(get("/"));
  entered.get_future().wait();
  // The first client takes nothing. Its place must come free all the same.
  const auto next = [&] {
    RawClient other(server->port());
    other.send(get("/"));
    return body_of(other.read_response());
  };
  int attempts = 0;
  while (next() != "next" && ++attempts < 200) RawClient::pause_ms(20);
  CHECK(attempts < 200);
  CHECK(attempts > 0);
}

TEST_CASE("an idle connection is closed without a word, new or kept") {
  Echo echo(quick());
  RawClient fresh(echo.server->port());
  CHECK(fresh.read_to_end().empty());
  RawClient kept(echo.server->port());
  kept.send(get("/"));
  CHECK(status_of(kept.read_response()) == 200);
  CHECK(kept.read_to_end().empty());
}

TEST_CASE("the last request that a connection may send is told so") {
  Server::Options options;
  options.max_keep_alive_requests = 2;
  Echo echo(options);
  RawClient client(echo.server->port());
  client.send(get("/1") + get("/2") + get("/3"));
  CHECK(has(client.read_response(), "Connection: keep-alive\r\n"));
  CHECK(has(client.read_response(), "Connection: close\r\n"));
  CHECK(client.read_to_end().empty());
}

TEST_CASE("connections over the limit are told 503 and when to come back, the others go on") {
  Server::Options options;
  options.max_connections = 2;
  options.keep_alive_ms = 60'000;
  Echo echo(options);
  RawClient one(echo.server->port());
  RawClient two(echo.server->port());
  for (RawClient* client : {&one, &two}) {
    client->send(get("/"));
    REQUIRE(status_of(client->read_response()) == 200);
  }
  std::vector<std::string> refusals;
  for (int i = 0; i < 3; ++i) refusals.push_back(echo.answer(get("/")));
  for (const std::string& refusal : refusals) {
    CHECK(is_problem(refusal, 503, "http.too_many_connections"));
    CHECK(has(refusal, "Retry-After: 1\r\n"));
  }
  one.send(get("/still"));
  CHECK(body_of(one.read_response()) == "GET /still []");
  CHECK(echo.requests == 3);
}

TEST_CASE("when connections close, others take their place") {
  Server::Options options;
  options.max_connections = 2;
  Echo echo(options);
  for (int i = 0; i < 20; ++i) {
    int status = 0;
    for (int attempt = 0; attempt < 500 && status != 200; ++attempt)
      status = status_of(echo.answer(get("/", "Connection: close\r\n")));
    REQUIRE(status == 200);
  }
}

TEST_CASE("stop() ends idle connections at once, may be called again, and frees the port") {
  Server::Options options;
  options.keep_alive_ms = 60'000;
  options.read_timeout_ms = 60'000;
  std::optional<Echo> echo(options);
  const std::uint16_t port = echo->server->port();
  RawClient fresh(port);
  RawClient kept(port);
  kept.send(get("/"));
  REQUIRE(status_of(kept.read_response()) == 200);
  CHECK(ms_of([&] { echo->server->stop(); }) < 3000);
  CHECK(kept.read_to_end().empty());
  echo->server->stop();
  echo.reset();
  options.port = port;
  const Echo again(options);
  CHECK(again.server->port() == port);
}

TEST_CASE("stop() lets a request that runs be answered, and says that the connection ends") {
  std::promise<void> entered;
  std::promise<void> released;
  const auto server = Server::start({}, [&](const Request&) {
                        entered.set_value();
                        released.get_future().wait();
                        return Response{200, {}, "done"};
                      }).value();
  RawClient client(server->port());
  client.send(get("/"));
  entered.get_future().wait();
  std::thread stopper([&] { server->stop(); });
  // Not a wait for anything: a moment for stop() to do harm, if it does.
  RawClient::pause_ms(150);
  released.set_value();
  const std::string response = client.read_to_end();
  stopper.join();
  CHECK(body_of(response) == "done");
  CHECK(has(response, "Connection: close\r\n"));
}

TEST_CASE("stop() does not wait for a client that never ends its request") {
  auto options = quick();
  options.read_timeout_ms = 60'000;
  options.body_timeout_ms = 60'000;
  Echo echo(options);
  RawClient head(echo.server->port());
  head.send("GET / HT");
  RawClient body(echo.server->port());
  body.send(post("hel", "5"));
  RawClient::pause_ms(50);
  CHECK(ms_of([&] { echo.server->stop(); }) < 5000);
  CHECK(echo.requests == 0);
}

TEST_CASE("a header that would break out of its line is not sent") {
  const auto server = Server::start({}, [](const Request&) {
                        Response response;
                        response.headers.add("X-Evil", "a\r\nSet-Cookie: b=c\r\n\r\n<html>");
                        response.headers.add("X-Evil\r\nX-Worse", "a");
                        response.headers.add("X-Good", "yes");
                        return response;
                      }).value();
  RawClient client(server->port());
  client.send(get("/", "Connection: close\r\n"));
  const std::string response = client.read_to_end();
  CHECK(has(response, "X-Good: yes\r\n"));
  CHECK_FALSE(has(response, "Set-Cookie"));
  CHECK_FALSE(has(response, "X-Worse"));
}

TEST_CASE("a handler that throws is answered 500, without what it said, and the server goes on") {
  const auto server = Server::start({}, [](const Request& request) -> Response {
                        if (request.path == "/bad") throw std::runtime_error("secret: /somewhere/file.cpp:7");
                        return {};
                      }).value();
  RawClient client(server->port());
  client.send(get("/bad"));
  const std::string response = client.read_response();
  CHECK(status_of(response) == 500);
  CHECK(has(response, "internal.unexpected"));
  CHECK_FALSE(has(response, "secret"));
  client.send(get("/good"));
  CHECK(status_of(client.read_response()) == 200);
}

TEST_CASE("no answer tells what the server is made of") {
  Echo echo;
  for (const std::string& bytes : {get("/"), get("/", "Host: y\r\n"), std::string("nonsense\r\n\r\n")}) {
    const std::string response = echo.answer(bytes);
    CHECK_FALSE(has(response, "Server:"));
    CHECK_FALSE(has(response, "Poco"));
    CHECK_FALSE(has(response, ".cpp"));
  }
}

TEST_CASE("a port that is taken is an error that says what to do") {
  const Echo first;
  Server::Options options;
  options.port = first.server->port();
  const auto second = Server::start(options, [](const Request&) { return Response{}; });
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error().code == "http.cannot_listen");
  CHECK(has(second.error().detail, std::to_string(options.port)));
  options.host = "no such host";
  CHECK_FALSE(Server::start(options, [](const Request&) { return Response{}; }).has_value());
}

TEST_CASE("many clients at once each get their own answers") {
  Echo echo;
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      RawClient client(echo.server->port());
      for (int round = 0; round < 200; ++round) {
        const std::string body = std::to_string(i) + "-" + std::to_string(round);
        client.send(post(body, std::to_string(body.size())));
        if (body_of(client.read_response()) != "POST /a [" + body + "]") ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(echo.requests == 1600);
}

TEST_CASE("a server that stops just when connections end does not wait for threads that have nothing to do") {
  Server::Options options;
  options.max_keep_alive_requests = 1;
  for (int round = 0; round < 10; ++round) {
    Echo echo(options);
    std::vector<std::unique_ptr<RawClient>> clients;
    for (int i = 0; i < 4; ++i) clients.push_back(std::make_unique<RawClient>(echo.server->port()));
    for (const auto& client : clients) client->send(get("/"));
    for (const auto& client : clients) CHECK(status_of(client->read_response()) == 200);
    const auto begin = std::chrono::steady_clock::now();
    echo.server->stop();
    CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(5));
  }
}
