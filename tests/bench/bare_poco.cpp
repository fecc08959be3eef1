// What Poco's own HTTP server does with a handler that does nothing: the yardstick for a read over HTTP.
// bare_poco: listens on a free loopback port, prints it, and answers every request with the same small JSON until its input ends.
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/ThreadPool.h>

#include <cstdio>
#include <iostream>
#include <string>

namespace {

const std::string body = R"({"id":"01a20d45-6f88-7000-9d3a-2dcfa322a635","email":"ada@example.org","name":"Ada","role":"user"})";

class Handler final : public Poco::Net::HTTPRequestHandler {
 public:
  void handleRequest(Poco::Net::HTTPServerRequest&, Poco::Net::HTTPServerResponse& response) override {
    response.setContentType("application/json");
    response.sendBuffer(body.data(), body.size());
  }
};

class Handlers final : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override { return new Handler; }
};

}  // namespace

int main() {
  Poco::ThreadPool pool(2, 256);
  Poco::Net::ServerSocket socket(Poco::Net::SocketAddress("127.0.0.1", 0));
  auto* parameters = new Poco::Net::HTTPServerParams;
  parameters->setMaxThreads(256);
  parameters->setMaxKeepAliveRequests(1'000'000);
  Poco::Net::HTTPServer server(new Handlers, pool, socket, parameters);
  server.start();
  std::printf("http://127.0.0.1:%d\n", static_cast<int>(socket.address().port()));
  std::fflush(stdout);
  std::string ignored;
  while (std::getline(std::cin, ignored)) {
  }
  server.stop();
}
