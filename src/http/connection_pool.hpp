#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "http/client.hpp"
#include "http/exchange.hpp"

namespace seamline::http {

/// Connections that are kept alive between requests, for each url. The one that was used last is used next, so that those which
/// a quiet hour does not need grow old and are closed. Thread-safe; a request never waits for another.
class ConnectionPool final : public Exchange {
 public:
  struct Options {
    Client::Options client{};
    /// Connections to one url that are kept although no request uses them: enough for the next burst of requests, and few enough
    /// that several callers leave room in each other's services, where each holds a place (http.max_connections) and a thread.
    std::size_t max_idle = 32;
    /// Requests to one url at a time; a further one is refused at once.
    std::size_t max_open = 128;
    /// How long an unused connection is kept, in milliseconds: less than the server keeps it, so that it is this side that ends
    /// it.
    std::int64_t idle_ms = 1'500;
  };

  /// `clock` exists and outlives the pool.
  ConnectionPool(Options options, const Clock& clock) : options_(options), clock_(clock) {}

  /// Sends a request to `url` (`http://host:port`) and reads the answer. Errors: those of Client::send; also call.overloaded, not
  /// run, while max_open requests are under way there.
  Result<Response> send(const std::string& url, const Request& request, const TimeLimits& time) override;

  /// Connections to all urls that wait for a request. The old ones among them are closed with the next request, to whichever url.
  std::size_t idle() const;

 private:
  struct Idle {
    std::unique_ptr<Client> client;
    Instant since;
  };
  struct Connections {
    /// The one that was used last is at the back.
    std::vector<Idle> idle;
    std::size_t in_use = 0;
  };

  /// A connection that waits, or a new one; null where there are too many.
  std::unique_ptr<Client> take(const std::string& url);
  void give_back(const std::string& url, std::unique_ptr<Client> client);
  /// Takes out what has waited too long, so that it is closed outside the lock.
  std::vector<Idle> take_old();

  const Options options_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Connections, std::less<>> connections_;
};

}  // namespace seamline::http
