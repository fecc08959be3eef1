#pragma once

#include "configuration.hpp"
#include "host/report.hpp"

namespace seamline::app {

/// Where a command finds the admin listener of a running shop's main process.
struct AdminAccess {
  ConfigurationSources sources;
  /// `http://host:port` or `host:port`; empty for the one of the configuration.
  std::string admin;
};

/// What all processes of a shop have measured, in one report: the main process's, with what only the services know of the modules
/// that they run.
struct ShopReport {
  host::Report report;
  /// Each a sentence on a service that did not answer.
  std::vector<std::string> missing;
};

/// Asks the main process, then the services: the file `<data_dir>/<module>/admin` says where a service is asked.
/// Errors: config.… where the configuration is wrong; shop.unreachable; report.unreadable where the answer is none.
Result<ShopReport> read_shop_report(const AdminAccess& access);

/// The exit code of a command that this error ends.
int exit_code_of(const Error& error);

}  // namespace seamline::app
