#pragma once

#include <optional>
#include <string>
#include <vector>

#include "configuration.hpp"

namespace seamline::app {

/// How one system outside the process was found.
struct Checkup {
  enum class Verdict : std::uint8_t { ok, warning, failed };

  /// "kafka", "registry", "data_dir", "storage.order".
  std::string system;
  /// Its address or path.
  std::string where;
  Verdict verdict = Verdict::ok;
  /// Empty where it does not tell.
  std::string version;
  std::optional<std::int64_t> latency_us;
  /// What is wrong, and what to do; both empty where nothing is.
  std::string detail;
  std::string fix;
};

/// Looks at everything outside the process that the configuration names: the data folder, database servers, brokers, registry,
/// the other modules' services, and the collector of traces and metrics. Each is asked for at most `timeout_ms`, a database
/// server for some seconds where that is less. Changes nothing.
std::vector<Checkup> check_up(const Configuration& configuration, std::int64_t timeout_ms);

}  // namespace seamline::app

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::app::Checkup::Verdict>{"ok", "warning", "failed"};
