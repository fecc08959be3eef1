#pragma once

#include "host/broker_links.hpp"
#include "observe/exposition.hpp"

namespace seamline::host {

/// What a host has sent to brokers and heard from them, in Prometheus' text format; nothing where there are none.
void write_broker_metrics(observe::Exposition& out, const BrokerLinks& links);

}  // namespace seamline::host
