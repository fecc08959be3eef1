#pragma once

#include <string>
#include <vector>

#include "clock.hpp"
#include "history.hpp"
#include "network.hpp"
#include "order/contract.hpp"

namespace seamline::simulation {

/// People who order, compose, cancel and look, each a task. They repeat a request under its key until they know what became of
/// it.
class Customers {
 public:
  struct World {
    Scheduler& scheduler;
    Network& network;
    Trace& trace;
    History& history;
  };

  /// `world` outlives it. `users` are their ids; `orders` is how many they make together.
  Customers(World world, std::vector<std::string> users, int orders, std::uint64_t seed);

  /// Begins their tasks, and that of a clerk who restocks.
  void start();
  /// All orders are made, and nobody waits for an answer.
  bool have_finished() const { return group_.size() == 0; }
  Group& group() { return group_; }
  std::int64_t calls() const { return calls_; }

 private:
  class Line;
  struct Seen;

  void shop(const std::string& user, int orders, SeededRandom random);
  void register_and_shop(SeededRandom random);
  void restock(SeededRandom random);
  std::string next_key() { return "key-" + std::to_string(++keys_); }

  const World world_;
  const std::vector<std::string> users_;
  const int orders_;
  SeededRandom random_;
  SimulatedClock clock_;
  Group group_{"clients"};
  std::int64_t keys_ = 0;
  std::int64_t calls_ = 0;
  int shopping_ = 0;
};

}  // namespace seamline::simulation
