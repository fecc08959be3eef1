#include "host/metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "host/broker_metrics.hpp"
#include "host/host.hpp"
#include "observe/exposition.hpp"

namespace seamline::host {
namespace {

using observe::Exposition;
using observe::label;

std::string edge_labels(const Edge& edge, const EdgeOperation& operation) {
  return label("from", edge.caller()) + "," + label("to", edge.callee()) + "," + label("operation", operation.operation);
}

template <class Write>
void for_each_used_operation(const Host& host, Write write) {
  for (const Edge* edge : host.edges()) {
    for (const EdgeOperation& operation : edge->operations()) {
      if (operation.meter.latency.count() > 0) write(edge_labels(*edge, operation), operation.meter);
    }
  }
}

void write_edges(Exposition& out, const Host& host) {
  out.family("seamline_seam_calls_total", "counter", "Calls through a seam.");
  for_each_used_operation(host, [&](const std::string& labels, const seam::Meter& meter) {
    out.sample("", labels, static_cast<double>(meter.latency.count()));
  });
  out.family("seamline_seam_errors_total", "counter", "Calls through a seam that were answered with an error.");
  for_each_used_operation(host, [&](const std::string& labels, const seam::Meter& meter) {
    out.sample("", labels, static_cast<double>(meter.errors.load()));
  });
  out.family("seamline_seam_call_duration_seconds", "summary", "How long calls through a seam took.");
  for_each_used_operation(host, [&](const std::string& labels, const seam::Meter& meter) {
    for (const auto& [q, name] : {std::pair{0.5, "0.5"}, std::pair{0.99, "0.99"}}) {
      out.sample("", labels + "," + label("quantile", name), static_cast<double>(meter.latency.quantile_ns(q)) / 1e9);
    }
    out.sample("_sum", labels, static_cast<double>(meter.latency.sum_ns()) / 1e9);
    out.sample("_count", labels, static_cast<double>(meter.latency.count()));
  });
}

void write_consumers(Exposition& out, const Host& host) {
  struct Counter {
    std::string_view name;
    std::string_view help;
    std::int64_t events::ConsumerCounts::* count;
  };
  static constexpr std::array counters{
      Counter{"seamline_events_applied_total", "Events that a subscriber applied.", &events::ConsumerCounts::applied},
      Counter{"seamline_events_duplicates_total", "Events that came again, and were ignored.",
              &events::ConsumerCounts::skipped_duplicates},
      Counter{"seamline_events_dropped_when_full_total", "Events dropped at a full queue, and read from the log instead.",
              &events::ConsumerCounts::dropped_when_full},
      Counter{"seamline_events_log_reads_total", "Times that a subscriber read the publisher's log.",
              &events::ConsumerCounts::log_reads},
      Counter{"seamline_events_dead_letters_total", "Events that became dead letters.", &events::ConsumerCounts::dead_letters}};
  const auto labels = [](const events::Consumer& consumer) {
    return label("subscriber", consumer.subscriber()) + "," + label("publisher", consumer.publisher());
  };
  for (const Counter& counter : counters) {
    out.family(counter.name, "counter", counter.help);
    for (const auto* consumer : host.consumers())
      out.sample("", labels(*consumer), static_cast<double>(consumer->counts().*counter.count));
  }
  out.family("seamline_events_lag", "gauge", "Entries of a publisher's log that a subscriber has not applied.");
  for (const auto* consumer : host.consumers()) {
    if (!host.has(consumer->publisher())) continue;  // a remote log's head is known where the log is
    const std::int64_t head = host.store_of(consumer->publisher()).log().head().seq;
    out.sample("", labels(*consumer), static_cast<double>(std::max<std::int64_t>(0, head - consumer->applied().seq)));
  }
}

void write_process(Exposition& out, std::string_view version) {
  out.family("seamline_build_info", "gauge", "The version that runs.");
  out.sample("", label("version", version), 1);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  out.family("process_cpu_seconds_total", "counter", "User and system time.");
  out.sample("", {}, seconds(used.ru_utime) + seconds(used.ru_stime));
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  out.family("process_resident_memory_bytes", "gauge", "Resident memory.");
  out.sample("", {}, resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace

std::string render_metrics(const Host& host, std::string_view version) {
  Exposition out;
  write_edges(out, host);
  write_consumers(out, host);
  write_broker_metrics(out, host.broker_links());
  write_process(out, version);
  return out.take();
}

}  // namespace seamline::host
