#pragma once

#include <string_view>

#include "observe/metrics.hpp"

namespace seamline::host {

class Host;

/// What a host has measured: calls, errors and durations of every edge and operation, what the consumers did, the logs' heads,
/// and what the process used. Thread-safe.
void write_metrics(observe::MetricSink& out, const Host& host, std::string_view version);

}  // namespace seamline::host
