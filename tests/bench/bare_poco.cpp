// What Poco's own HTTP server does with a handler that does nothing: the yardstick for a read over HTTP.
// bare_poco: listens on a free loopback port, prints it, and answers every request with the same small JSON until its input ends.
// bare_poco call URL COUNT: prints the median and the 99th percentile of so many requests by Poco's own client, in microseconds.
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/ThreadPool.h>
#include <Poco/URI.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <string>
#include <vector>

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

int call(const std::string& url, int count) {
  const Poco::URI uri(url);
  Poco::Net::HTTPClientSession session(uri.getHost(), uri.getPort());
  session.setKeepAlive(true);
  std::vector<double> took_us;
  for (int i = -count / 10; i < count; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    Poco::Net::HTTPRequest request("GET", "/", Poco::Net::HTTPMessage::HTTP_1_1);
    session.sendRequest(request);
    Poco::Net::HTTPResponse response;
    std::string received;
    Poco::StreamCopier::copyToString(session.receiveResponse(response), received);
    if (received != body) return 1;
    if (i >= 0) took_us.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(took_us.begin(), took_us.end());
  std::printf("%.2f %.2f\n", took_us[took_us.size() / 2], took_us[took_us.size() * 99 / 100]);
  return 0;
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 4) return call(arguments[2], std::stoi(arguments[3]));
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
