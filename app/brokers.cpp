#include "brokers.hpp"

#include <fstream>
#include <sstream>

#ifdef SEAMLINE_KAFKA
#include "events/kafka_broker.hpp"
#endif
#ifdef SEAMLINE_NATS
#include "events/nats_broker.hpp"
#endif

namespace seamline::app {
namespace {

using OpenedBroker = Result<std::unique_ptr<events::Broker>>;

[[maybe_unused]] OpenedBroker missing_option(std::string_view broker, std::string_view option) {
  return fail(config::errors::invalid, "This build has no " + std::string(broker) + ". Build it with -D" + std::string(option) +
                                           "=ON, or set events.carrier to \"http\".");
}

#ifdef SEAMLINE_KAFKA
/// The lines of the settings file; empty ones, and those behind a #, are left out.
Result<std::vector<std::pair<std::string, std::string>>> read_kafka_settings(const std::string& path) {
  std::vector<std::pair<std::string, std::string>> settings;
  if (path.empty()) return settings;
  std::ifstream file(path);
  std::string line;
  for (std::int64_t number = 1; std::getline(file, line); ++number) {
    if (line.empty() || line.front() == '#') continue;
    const auto equals = line.find('=');
    if (equals == std::string::npos) {
      return fail(config::errors::invalid, path + ", line " + std::to_string(number) + ": write it as name=value.");
    }
    settings.emplace_back(line.substr(0, equals), line.substr(equals + 1));
  }
  if (!file.eof()) return fail(config::errors::invalid, "kafka.settings_file is " + path + ", which cannot be read.");
  return settings;
}

OpenedBroker open_kafka(const KafkaSection& section) {
  events::KafkaOptions options;
  options.brokers = section.brokers;
  options.partitions = static_cast<std::int32_t>(section.partitions);
  options.replication_factor = static_cast<std::int32_t>(section.replication_factor);
  options.max_event_bytes = section.max_event_bytes;
  options.connect_timeout_ms = section.connect_timeout_ms;
  options.request_timeout_ms = section.request_timeout_ms;
  auto settings = read_kafka_settings(section.settings_file);
  if (!settings) return fail(std::move(settings.error()));
  options.settings = std::move(*settings);
  return events::KafkaBroker::open(std::move(options));
}
#else
OpenedBroker open_kafka(const KafkaSection&) { return missing_option("Kafka", "SEAMLINE_KAFKA"); }
#endif

#ifdef SEAMLINE_NATS
std::vector<std::string> split_at_commas(const std::string& text) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, ',');) parts.push_back(part);
  return parts;
}

OpenedBroker open_nats(const NatsSection& section) {
  events::NatsOptions options;
  options.urls = split_at_commas(section.urls);
  options.replicas = section.replicas;
  options.connect_timeout_ms = section.connect_timeout_ms;
  options.request_timeout_ms = section.request_timeout_ms;
  options.credentials_file = section.credentials_file;
  options.tls = section.tls;
  options.ca_file = section.ca_file;
  options.monitor_url = section.monitor_url;
  options.user = section.user;
  options.password = section.password.text;
  return std::make_unique<events::NatsBroker>(std::move(options));
}
#else
OpenedBroker open_nats(const NatsSection&) { return missing_option("NATS", "SEAMLINE_NATS"); }
#endif

OpenedBroker open_broker(Carrier carrier, const Configuration& configuration) {
  return carrier == Carrier::kafka ? open_kafka(configuration.kafka) : open_nats(configuration.nats);
}

}  // namespace

Carrier carrier_of(const Configuration& configuration, const ModuleAddress& module) {
  return module.carrier.value_or(configuration.events.carrier);
}

Result<Brokers> Brokers::open(const Configuration& configuration, const Composition& composition) {
  Brokers opened;
  for (const auto* modules : {&composition.hosted, &composition.remote, &composition.foreign}) {
    for (const ModuleEntry& module : *modules) {
      const Carrier carrier = carrier_of(configuration, module.address);
      if (carrier == Carrier::http && module.address.placement == Placement::foreign) {
        return fail(config::errors::invalid, "modules." + module.spec.name +
                                                 ".placement is \"foreign\", and no broker carries its events: set "
                                                 "events.carrier, or modules." +
                                                 module.spec.name + ".carrier, to \"kafka\" or \"nats\".");
      }
      if (carrier == Carrier::http) continue;
      opened.carrier_of_[module.spec.name] = carrier;
      if (opened.brokers_.contains(carrier)) continue;
      auto broker = open_broker(carrier, configuration);
      if (!broker) return fail(std::move(broker.error()));
      opened.brokers_[carrier] = std::move(*broker);
    }
  }
  return opened;
}

void Brokers::add_to(host::Host& host) const {
  for (const auto& [module, carrier] : carrier_of_) host.carry(module, *brokers_.at(carrier));
}

}  // namespace seamline::app
