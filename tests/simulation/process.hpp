#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "clock.hpp"
#include "host/host.hpp"
#include "inventory/module.hpp"
#include "network.hpp"
#include "order/module.hpp"
#include "payment/module.hpp"
#include "resilience/resilient_transport.hpp"
#include "runner.hpp"
#include "support/simulated_disk.hpp"
#include "user/module.hpp"

namespace seamline::simulation {

inline constexpr std::array<std::string_view, 4> module_names{"user", "order", "payment", "inventory"};

/// Where clients reach the shop, and where a module is reached by others.
inline const std::string gateway_url = "http://shop:80";
inline std::string url_of(const std::string& module) { return "http://" + module + ":80"; }

/// How the shop of one run is set up: as configurations differ.
struct ShopSettings {
  host::HostOptions host;
  order::Settings order;
  inventory::Settings inventory;
  payment::Settings payment;
  user::Settings user;
  resilience::ResilienceSettings calls;

  /// All modules, those that others call first.
  std::vector<host::ModuleSpec> modules() const;
};

/// What a process needs of the world. All outlive it.
struct Surroundings {
  Scheduler& scheduler;
  Network& network;
  test::SimulatedDisk& disk;
  Trace& trace;
  const ShopSettings& settings;
  const std::vector<host::ModuleSpec>& modules;
};

/// What is left of a process's writes: all, or what was synced and some of the rest.
enum class Death : std::uint8_t { kill, power_loss };

/// One process of the shop: hosts some modules, reaches the others over the network, dies and starts again over the same disk.
class Process {
 public:
  Process(Surroundings surroundings, std::string name, std::set<std::string> hosted, bool is_main, std::uint64_t seed);
  ~Process();

  const std::string& name() const { return name_; }
  const std::set<std::string>& hosted() const { return hosted_; }
  SimulatedClock& clock() { return clock_; }

  bool is_up() const { return life_ != nullptr; }
  /// The group of its tasks while it is up.
  Peer& peer();
  host::Host& host();

  /// Starts it. Nothing of it runs yet. Errors: those of Host::add.
  Result<void> start();
  /// It dies at this moment, whatever runs: nothing that it still does is seen. bury() comes next, from outside of all tasks.
  void die(Death death);
  /// What has died, or comes to its end, is taken away. The process can start again.
  void bury();
  /// Ends it in order.
  void stop();

  /// It dies so at the crash point, or before the disk operation, that comes so many later; 0 for none.
  void arm_crash_point(std::int64_t distance, Death death) { crash_point_ = {distance, death}; }
  void arm_disk_operation(std::int64_t distance, Death death) { disk_operation_ = {distance, death}; }
  /// Its code has come there. Returns whether it dies.
  bool reach_crash_point() { return reach(crash_point_); }
  bool reach_disk_operation() { return reach(disk_operation_); }

 private:
  class Life;
  struct Armed {
    std::int64_t distance = 0;
    Death death = Death::kill;
  };

  bool reach(Armed& armed);
  void listen(Peer* peer);
  /// For each module that is hosted: its folder.
  template <class Do>
  void each_folder(Do run) const;

  const Surroundings surroundings_;
  const std::string name_;
  const std::set<std::string> hosted_;
  const bool is_main_;
  const std::uint64_t seed_;
  SimulatedClock clock_;
  Armed crash_point_;
  Armed disk_operation_;
  std::int64_t lives_ = 0;
  std::unique_ptr<Life> life_;
};

}  // namespace seamline::simulation
