#pragma once

#include <string>

namespace seamline::host {

class Host;

/// What a host has measured, in Prometheus' text format (version 0.0.4): calls, errors and durations of every edge and operation,
/// what the consumers did, the logs' heads, and what the process used. Thread-safe.
std::string render_metrics(const Host& host, std::string_view version);

}  // namespace seamline::host
