#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "contract/fields.hpp"

/// What a process knows of its modules, the edges between them and the events that they hear: the JSON of the admin listener's
/// GET /modules, declared once for those who write it and those who read it. Counts are since the process started.
namespace seamline::host {

class Host;

struct OperationReport {
  std::string operation;
  std::int64_t calls = 0;
  std::int64_t errors = 0;
  std::int64_t total_us = 0;
  std::int64_t p50_us = 0;
  std::int64_t p99_us = 0;

  static constexpr std::tuple fields{
      Field{"operation", &OperationReport::operation, "Its name."},
      Field{"calls", &OperationReport::calls, "Calls, those that failed included."},
      Field{"errors", &OperationReport::errors, "Calls that were answered with an error."},
      Field{"total_us", &OperationReport::total_us, "How long all calls took together, in microseconds."},
      Field{"p50_us", &OperationReport::p50_us, "How long half of the calls took at most, in microseconds."},
      Field{"p99_us", &OperationReport::p99_us, "How long 99 of 100 took at most, in microseconds."}};
};

/// One caller and one callee, over all operations.
struct EdgeReport {
  std::string caller;
  std::string callee;
  std::string placement;
  std::int64_t calls = 0;
  std::int64_t errors = 0;
  std::int64_t total_us = 0;
  std::int64_t p50_us = 0;
  std::int64_t p99_us = 0;
  std::vector<OperationReport> operations;

  static constexpr std::tuple fields{
      Field{"caller", &EdgeReport::caller, "A module, or gateway."},
      Field{"callee", &EdgeReport::callee, "The module that is called."},
      Field{"placement", &EdgeReport::placement, "Where the callee runs, seen from this process: local or remote."},
      Field{"calls", &EdgeReport::calls, "Calls, those that failed included."},
      Field{"errors", &EdgeReport::errors, "Calls that were answered with an error."},
      Field{"total_us", &EdgeReport::total_us, "How long all calls took together, in microseconds."},
      Field{"p50_us", &EdgeReport::p50_us, "How long half of the calls took at most, in microseconds."},
      Field{"p99_us", &EdgeReport::p99_us, "How long 99 of 100 took at most, in microseconds."},
      Field{"operations", &EdgeReport::operations, "The operations that were called."}};
};

/// One subscriber of one publisher's log; the subscriber runs in this process.
struct EventReport {
  std::string publisher;
  std::string subscriber;
  std::int64_t applied = 0;
  std::int64_t position = 0;
  std::optional<std::int64_t> head;
  std::optional<std::int64_t> lag;

  static constexpr std::tuple fields{
      Field{"publisher", &EventReport::publisher, "Whose events."},
      Field{"subscriber", &EventReport::subscriber, "Who hears them."},
      Field{"applied", &EventReport::applied, "Events that took effect since the process started."},
      Field{"position", &EventReport::position, "The place in the log up to which everything is applied."},
      Field{"head", &EventReport::head, "The log's last place; null where the publisher runs elsewhere."},
      Field{"lag", &EventReport::lag, "Places between the two; null where the publisher runs elsewhere."}};
};

struct ModuleReport {
  std::string module;
  std::string placement;
  std::optional<std::string> url;
  std::string health = "pass";
  std::string detail;
  std::optional<std::string> breaker;
  std::int64_t calls = 0;
  std::optional<std::int64_t> log_head;
  std::int64_t writer_cpu_ms = 0;
  std::int64_t calls_cpu_ms = 0;
  std::int64_t commits = 0;
  std::int64_t transactions = 0;

  static constexpr std::tuple fields{
      Field{"module", &ModuleReport::module, "Its name."},
      Field{"placement", &ModuleReport::placement, "Where it runs, seen from this process: local or remote."},
      Field{"url", &ModuleReport::url, "Where it is reached; null where nothing listens for it alone."},
      Field{"health", &ModuleReport::health, "pass, warn or fail."},
      Field{"detail", &ModuleReport::detail, "Why it is not pass; else empty."},
      Field{"breaker", &ModuleReport::breaker, "Of a remote module: closed, open or half_open; else null."},
      Field{"calls", &ModuleReport::calls, "Calls from this process."},
      Field{"log_head", &ModuleReport::log_head, "Events that it has ever published; null where it runs elsewhere."},
      Field{"writer_cpu_ms", &ModuleReport::writer_cpu_ms,
            "CPU time of its writer, which also applies what it hears, in milliseconds; 0 where it runs elsewhere."},
      Field{"calls_cpu_ms", &ModuleReport::calls_cpu_ms,
            "CPU time of calls to it on their callers' threads, estimated from a sample, in milliseconds."},
      Field{"commits", &ModuleReport::commits, "Commits of its store."},
      Field{"transactions", &ModuleReport::transactions, "Units of work in them."}};
};

struct Report {
  std::string process;
  std::string version;
  std::int64_t uptime_ms = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t orders = 0;
  std::int64_t order_p50_us = 0;
  std::vector<ModuleReport> modules;
  std::vector<EdgeReport> edges;
  std::vector<EventReport> events;

  static constexpr std::tuple fields{
      Field{"process", &Report::process, "main, or the modules that the process runs."},
      Field{"version", &Report::version, "Of the program."},
      Field{"uptime_ms", &Report::uptime_ms, "How long it has run, in milliseconds."},
      Field{"cpu_ms", &Report::cpu_ms, "CPU time of the whole process, in milliseconds."},
      Field{"orders", &Report::orders, "Orders that were placed through this process."},
      Field{"order_p50_us", &Report::order_p50_us, "How long placing one took at most for half of them, in microseconds."},
      Field{"modules", &Report::modules, "Those that run here, then those elsewhere."},
      Field{"edges", &Report::edges, "Calls between modules, and from the gateway to them."},
      Field{"events", &Report::events, "Events between modules."}};
};

/// A module that runs elsewhere, as this process sees it.
struct RemoteStatus {
  std::string module;
  std::string url;
  /// pass, warn or fail; `detail` says why it is not pass.
  std::string health = "pass";
  std::string detail;
  /// closed, open or half_open.
  std::string breaker = "closed";
};

/// What a host cannot know by itself.
struct ReportFacts {
  std::string process;
  std::string version;
  std::int64_t uptime_ms = 0;
  /// The operations that place an order: those of their calls that did not fail are counted.
  std::vector<std::string> placing_operations;
  std::vector<RemoteStatus> remotes;
  /// Of modules here that have a listener of their own: name and address.
  std::vector<std::pair<std::string, std::string>> urls;
};

/// What the host has measured until now. Thread-safe, once the host has started.
Report make_report(const Host& host, const ReportFacts& facts);
/// The same as JSON.
std::string render_report(const Host& host, const ReportFacts& facts);

}  // namespace seamline::host
