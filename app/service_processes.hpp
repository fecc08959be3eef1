#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>

#include "configuration.hpp"
#include "supervisor.hpp"

namespace seamline::app {

/// The services of all remote modules, each a child process of this one on this machine: what `--split` starts.
class ServiceProcesses {
 public:
  /// Starts `seamline serve --module …` for each module that `configuration`, read from `sources`, places remotely; those who
  /// die are started again. `environment` comes on top of ours. A child that cannot run as it is configured is no passing
  /// trouble: this process is then told to stop (SIGTERM), and failure() says why.
  ServiceProcesses(const Configuration& configuration, const ConfigurationSources& sources,
                   std::map<std::string, std::string> environment = {});

  /// Why the shop cannot run; empty while it can. Thread-safe.
  std::string failure() const;
  /// Tells all to stop, and waits until they have. Idempotent.
  void stop() { supervisor_.stop(); }

 private:
  void failed(const std::string& module, const std::string& why);

  mutable std::mutex mutex_;
  std::string failure_;
  Supervisor supervisor_;
};

/// Places these modules remotely, or all of them where none is named, each at a url of 127.0.0.1 whose port is free: the usual
/// one where it is. Errors: config.invalid for a name that no module has.
Result<void> place_apart(std::vector<std::string>& assignments, const std::vector<std::string>& modules);

}  // namespace seamline::app
