#pragma once

#include "host/broker_links.hpp"
#include "observe/metrics.hpp"

namespace seamline::host {

/// What a host has sent to brokers and heard from them; nothing where there are none.
void write_broker_metrics(observe::MetricSink& out, const BrokerLinks& links);

}  // namespace seamline::host
