#pragma once

#include "host/report.hpp"

namespace seamline::app {

/// Adds what a service reports to the main process's report.
void add_service(host::Report& report, const host::Report& service);
/// How far subscribers are behind publishers that run in another process, once every process has been added.
void complete_lags(host::Report& report);

}  // namespace seamline::app
