#include "events/nats_broker.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "events/nats_client.hpp"
#include "events/nats_publisher.hpp"
#include "events/nats_subscription.hpp"
#include "http/client.hpp"

namespace seamline::events {
namespace {

using nats::Connection;

constexpr std::int64_t nanoseconds_per_us = 1'000;
constexpr std::string_view what_to_set = "set `sync_interval: always` in the server's `jetstream { }` block";

/// What the server tells of itself at its monitoring port.
Result<json::Value> ask_monitoring(const std::string& url, std::int64_t timeout_ms) {
  const http::TimeLimits time{timeout_ms, timeout_ms, timeout_ms};
  http::Client client(url, {time});
  auto response = client.send(http::Request{"GET", "/varz", "", {}, ""}, time);
  if (!response) return fail(std::move(response.error()));
  if (response->status != 200) return fail(broker_unavailable, "it answers " + std::to_string(response->status));
  return json::parse(response->body);
}

/// When the server writes an acknowledged event to the disk: at once, or up to two minutes later, which a loss of power shows.
void judge_sync(const json::Value& monitored, BrokerReport& report) {
  if (const json::Value* version = monitored.find("version")) report.version = version->text;
  const json::Value* streams = monitored.find("jetstream");
  const json::Value* config = streams == nullptr ? nullptr : streams->find("config");
  if (config == nullptr) return;
  const json::Value* always = config->find("sync_always");
  if (always != nullptr && always->boolean) return;
  const bool knows_sync = config->find("sync_interval") != nullptr;
  report.warnings.push_back(
      "NATS acknowledges an event before it is on the disk, so a loss of power can take it: " +
      (knows_sync ? std::string(what_to_set)
                  : "server " + report.version + " cannot do otherwise; use 2.10 or later, and " + std::string(what_to_set)));
}

void judge_streams(Connection& connection, BrokerReport& report) {
  jsAccountInfo* found = nullptr;
  jsErrCode code{};
  const natsStatus status = js_GetAccountInfo(&found, connection.streams(), nullptr, &code);
  const nats::Owned<jsAccountInfo> info(found);
  if (status == NATS_OK) return;
  report.warnings.push_back("JetStream is off, or not for this account (" + nats::reason(status) +
                            "): nothing can be stored. Start the server with a `jetstream { store_dir: … }` block");
}

}  // namespace

NatsBroker::NatsBroker(NatsOptions options, const Clock& clock)
    : options_(std::make_shared<const NatsOptions>(std::move(options))), clock_(clock) {}

std::unique_ptr<BrokerPublisher> NatsBroker::publish_to(const std::string& topic) {
  return std::make_unique<nats::Publisher>(options_, clock_, topic);
}

std::unique_ptr<BrokerSubscription> NatsBroker::subscribe_to(const std::string& topic, const SubscriptionStart& start) {
  return std::make_unique<nats::Subscription>(options_, clock_, topic, start);
}

Result<BrokerReport> NatsBroker::inspect(std::int64_t timeout_ms) {
  NatsOptions options = *options_;
  options.connect_timeout_ms = std::min(options.connect_timeout_ms, timeout_ms);
  options.request_timeout_ms = std::min(options.request_timeout_ms, timeout_ms);
  auto connection = Connection::open(options, Connection::Sending::at_once);
  if (!connection) return fail(std::move(connection.error()));

  BrokerReport report;
  std::int64_t round_trip_ns = 0;
  if (const natsStatus status = natsConnection_GetRTT((*connection)->connection(), &round_trip_ns); status != NATS_OK) {
    return fail(broker_unavailable, "the NATS server does not answer a ping: " + nats::reason(status));
  }
  report.latency_us = round_trip_ns / nanoseconds_per_us;
  judge_streams(**connection, report);
  if (options_->monitor_url.empty()) {
    report.warnings.push_back("whether NATS writes an event to the disk before it acknowledges it cannot be known from here: " +
                              std::string(what_to_set) + ", and give the url of its monitoring port to have that checked");
    return report;
  }
  if (const auto monitored = ask_monitoring(options_->monitor_url, timeout_ms)) {
    judge_sync(*monitored, report);
  } else {
    report.warnings.push_back("the monitoring of NATS at " + options_->monitor_url +
                              " cannot be read: " + monitored.error().detail);
  }
  return report;
}

}  // namespace seamline::events
