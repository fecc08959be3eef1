#pragma once

#include <map>
#include <memory>
#include <string>

#include "faults.hpp"
#include "http/exchange.hpp"
#include "scheduler.hpp"

namespace seamline::simulation {

/// One life of a process, as others reach it.
class Peer : public Group {
 public:
  using Group::Group;
  /// Answers a request, as a task of this group.
  virtual http::Response handle(const http::Request& request) = 0;
  /// It was killed: nothing that it still does is seen by anybody.
  bool is_dead() const { return is_dead_; }
  void die() {
    is_dead_ = true;
    rush();
  }

 private:
  bool is_dead_ = false;
};

/// Carries requests between processes. A request is a task of its own in the callee, so that a caller whose time is over goes on
/// while it still runs. Requests and answers are lost, late or doubled; processes do not reach each other for a while.
class Network {
 public:
  /// How likely a message meets which fault, in a million.
  struct Weather {
    std::int64_t lose = 0;
    std::int64_t reset = 0;
    std::int64_t duplicate = 0;
    std::int64_t delay = 0;
  };

  /// All exist and outlive it.
  Network(Scheduler& scheduler, Faults& faults, Random& random, Trace& trace)
      : scheduler_(scheduler), faults_(faults), random_(random), trace_(trace) {}

  /// Who answers at this url; null while its process is down.
  void listen(const std::string& url, Peer* peer) { peers_[url] = peer; }
  void set_weather(const Weather& weather) { weather_ = weather; }
  /// The two groups do not reach each other until then.
  void part(const std::string& a, const std::string& b, std::int64_t until_ns);
  void heal() { parted_.clear(); }

  Result<http::Response> send(Group& from, const std::string& url, const http::Request& request, const http::TimeLimits& time);

  std::int64_t requests() const { return requests_; }

 private:
  struct Call;

  bool are_parted(const std::string& a, const std::string& b) const;
  std::int64_t travel_ns();
  void deliver(const std::shared_ptr<Call>& call, Peer& to, bool is_answered);
  Result<http::Response> time_out(std::int64_t until_ns, bool was_sent);

  Scheduler& scheduler_;
  Faults& faults_;
  Random& random_;
  Trace& trace_;
  Weather weather_;
  std::map<std::string, Peer*> peers_;
  std::map<std::pair<std::string, std::string>, std::int64_t> parted_;
  std::int64_t requests_ = 0;
};

/// The network as one process sees it.
class SimulatedExchange final : public http::Exchange {
 public:
  /// Both exist and outlive it.
  SimulatedExchange(Network& network, Group& from) : network_(network), from_(from) {}
  Result<http::Response> send(const std::string& url, const http::Request& request, const http::TimeLimits& time) override {
    return network_.send(from_, url, request, time);
  }

 private:
  Network& network_;
  Group& from_;
};

}  // namespace seamline::simulation
