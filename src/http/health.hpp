#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http/dispatcher.hpp"

namespace seamline::http {

/// One thing that a host looks at to say how it is.
struct HealthCheck {
  enum class Status : std::uint8_t { pass, warn, fail };
  /// `order:store`.
  std::string name;
  Status status = Status::pass;
  /// What is wrong; empty while nothing is.
  std::string detail;
};

/// How a host is, asked anew for each request. Thread-safe.
using HealthSource = std::function<std::vector<HealthCheck>()>;

/// The documents of every host beside its operations: /livez says that the process runs, /readyz that it can serve (503 while a
/// check fails), /health tells all in application/health+json (draft-inadarei-api-health-check-06).
void add_health(Dispatcher::Documents& documents, std::string version, HealthSource source);

}  // namespace seamline::http
