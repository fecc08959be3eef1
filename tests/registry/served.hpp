#pragma once

#include <memory>

#include "base/clock.hpp"
#include "http/server.hpp"
#include "registry/consul_api.hpp"

namespace seamline::test {

/// The embedded registry's API behind a socket. Without a health checker: the test says how checks turn out.
class ServedRegistry {
 public:
  explicit ServedRegistry(const Clock& clock, std::uint16_t port = 0) : catalog(clock), api_(catalog, {}, {}) {
    http::Server::Options options;
    options.port = port;
    server_ = http::Server::start(options, [this](const http::Request& request) { return api_.handle(request); }).value();
  }
  ~ServedRegistry() { catalog.stop(); }

  std::uint16_t port() const { return server_->port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }

  registry::Catalog catalog;

 private:
  registry::ConsulApi api_;
  std::unique_ptr<http::Server> server_;
};

/// A registry that answers whatever the test wants.
class FalseRegistry {
 public:
  FalseRegistry() {
    server_ = http::Server::start({}, [this](const http::Request&) { return answer; }).value();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  /// Set it while no request is under way.
  http::Response answer;

 private:
  std::unique_ptr<http::Server> server_;
};

inline http::Response answer_of(int status, const std::string& body, const std::string& index = "7") {
  http::Response answer;
  answer.status = status;
  answer.body = body;
  if (!index.empty()) answer.headers.add("X-Consul-Index", index);
  return answer;
}

}  // namespace seamline::test
