#include "host/metrics.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>

#include "host/broker_metrics.hpp"
#include "host/host.hpp"

namespace seamline::host {
namespace {

using observe::Labels;
using observe::MetricSink;
using observe::MetricType;

template <class Write>
void for_each_used_operation(const Host& host, Write write) {
  for (const Edge* edge : host.edges()) {
    for (const EdgeOperation& operation : edge->operations()) {
      if (operation.meter.latency.count() == 0) continue;
      write(Labels{{"from", edge->caller()}, {"to", edge->callee()}, {"operation", operation.operation}}, operation.meter);
    }
  }
}

void write_edges(MetricSink& out, const Host& host) {
  out.family("seamline_seam_calls_total", MetricType::counter, "Calls through a seam.");
  for_each_used_operation(host, [&](const Labels& labels, const seam::Meter& meter) {
    out.sample(labels, static_cast<double>(meter.latency.count()));
  });
  out.family("seamline_seam_errors_total", MetricType::counter, "Calls through a seam that were answered with an error.");
  for_each_used_operation(host, [&](const Labels& labels, const seam::Meter& meter) {
    out.sample(labels, static_cast<double>(meter.errors.load()));
  });
  out.family("seamline_seam_call_duration_seconds", MetricType::durations, "How long calls through a seam took.");
  for_each_used_operation(host, [&](const Labels& labels, const seam::Meter& meter) { out.sample(labels, meter.latency); });
}

void write_consumers(MetricSink& out, const Host& host) {
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
    return Labels{{"subscriber", consumer.subscriber()}, {"publisher", consumer.publisher()}};
  };
  for (const Counter& counter : counters) {
    out.family(counter.name, MetricType::counter, counter.help);
    for (const auto* consumer : host.consumers())
      out.sample(labels(*consumer), static_cast<double>(consumer->counts().*counter.count));
  }
  out.family("seamline_events_lag", MetricType::gauge, "Entries of a publisher's log that a subscriber has not applied.");
  for (const auto* consumer : host.consumers()) {
    if (!host.has(consumer->publisher())) continue;  // a remote log's head is known where the log is
    const std::int64_t head = host.store_of(consumer->publisher()).log().head().seq;
    out.sample(labels(*consumer), static_cast<double>(std::max<std::int64_t>(0, head - consumer->applied().seq)));
  }
}

void write_process(MetricSink& out, std::string_view version) {
  out.family("seamline_build_info", MetricType::gauge, "The version that runs.");
  out.sample({{"version", version}}, 1);
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  out.family("process_cpu_seconds_total", MetricType::counter, "User and system time.");
  out.sample({}, seconds(used.ru_utime) + seconds(used.ru_stime));
  std::ifstream statm("/proc/self/statm");
  double total_pages = 0;
  double resident_pages = 0;
  statm >> total_pages >> resident_pages;
  out.family("process_resident_memory_bytes", MetricType::gauge, "Resident memory.");
  out.sample({}, resident_pages * static_cast<double>(::sysconf(_SC_PAGESIZE)));
}

}  // namespace

void write_metrics(MetricSink& out, const Host& host, std::string_view version) {
  write_edges(out, host);
  write_consumers(out, host);
  write_broker_metrics(out, host.broker_links());
  write_process(out, version);
}

}  // namespace seamline::host
