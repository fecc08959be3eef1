#pragma once

#include <map>
#include <memory>
#include <vector>

#include "composition.hpp"
#include "events/broker.hpp"
#include "host/host.hpp"

namespace seamline::app {

/// The message brokers that carry the shop's events, as far as the configuration names any. Outlives the host that it was added
/// to.
class Brokers {
 public:
  /// Does not wait for them. Errors: config.invalid where this build lacks one, or a setting is wrong.
  static Result<Brokers> open(const Configuration& configuration, const Composition& composition);

  /// Has each module's events carried as the configuration says. Before the host starts.
  void add_to(host::Host& host) const;
  const std::map<Carrier, std::unique_ptr<events::Broker>>& all() const { return brokers_; }

 private:
  std::map<Carrier, std::unique_ptr<events::Broker>> brokers_;
  std::map<std::string, Carrier> carrier_of_;  // by module
};

/// How the module's events reach other processes.
Carrier carrier_of(const Configuration& configuration, const ModuleAddress& module);

}  // namespace seamline::app
