#include "events/kafka_inspection.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace seamline::events {
namespace {

using Settings = std::map<std::string, std::string, std::less<>>;

int fewest_replicas(const rd_kafka_metadata_topic_t& topic) {
  int fewest = topic.partition_cnt == 0 ? 0 : topic.partitions[0].replica_cnt;
  for (int i = 0; i < topic.partition_cnt; ++i) fewest = std::min(fewest, topic.partitions[i].replica_cnt);
  return fewest;
}

// The topic's settings as they are in force; empty where the broker does not tell them.
Settings settings_of(rd_kafka_t* client, const std::string& topic, int timeout_ms) {
  std::array<char, 512> text{};
  const KafkaOwned<rd_kafka_ConfigResource_t> wanted{rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str())};
  const KafkaOwned<rd_kafka_AdminOptions_t> admin{rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS)};
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), timeout_ms, text.data(), text.size());
  const KafkaOwned<rd_kafka_queue_t> queue{rd_kafka_queue_new(client)};
  std::array<rd_kafka_ConfigResource_t*, 1> resources{wanted.get()};
  rd_kafka_DescribeConfigs(client, resources.data(), resources.size(), admin.get(), queue.get());
  const KafkaOwned<rd_kafka_event_t> answer{rd_kafka_queue_poll(queue.get(), timeout_ms)};
  Settings settings;
  if (!answer || rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return settings;
  std::size_t count = 0;
  const auto* const found =
      rd_kafka_DescribeConfigs_result_resources(rd_kafka_event_DescribeConfigs_result(answer.get()), &count);
  if (count != 1) return settings;
  std::size_t entries = 0;
  const auto* const configured = rd_kafka_ConfigResource_configs(found[0], &entries);
  for (std::size_t i = 0; i < entries; ++i) {
    const char* value = rd_kafka_ConfigEntry_value(configured[i]);
    settings.emplace(rd_kafka_ConfigEntry_name(configured[i]), value != nullptr ? value : "");
  }
  return settings;
}

std::string_view value_of(const Settings& settings, std::string_view name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string_view() : std::string_view(found->second);
}

void warn(const std::string& topic, int replicas, const Settings& settings, std::vector<std::string>& warnings) {
  if (replicas == 1) {
    warnings.push_back(
        "The topic " + topic +
        " has one replica: what its disk loses, or had not written when the machine lost power, is lost. Give it three.");
  } else if (value_of(settings, "min.insync.replicas") == "1") {
    warnings.push_back("The topic " + topic +
                       " has min.insync.replicas=1: an event is acknowledged though one replica alone may have it. Set it to 2.");
  }
  if (value_of(settings, "unclean.leader.election.enable") == "true") {
    warnings.push_back(
        "The topic " + topic +
        " has unclean.leader.election.enable=true: a replica that lags may lead, and what it lacks is lost. Set it to false.");
  }
  if (value_of(settings, "cleanup.policy").find("compact") != std::string_view::npos) {
    warnings.push_back("The topic " + topic + " is compacted: of each key only the last event stays. Set cleanup.policy=delete.");
  }
}

}  // namespace

Result<BrokerReport> inspect_kafka(rd_kafka_t* client, const KafkaOptions& options, const std::vector<std::string>& topics,
                                   std::int64_t timeout_ms, const Clock& clock) {
  const Instant until = clock.monotonic().plus_ms(timeout_ms);
  const auto left_ms = [&] { return static_cast<int>(std::max<std::int64_t>(1, clock.monotonic().ms_until(until))); };
  KafkaOwned<const rd_kafka_metadata_t> metadata;
  const auto ask = [&] {
    const rd_kafka_metadata_t* answer = nullptr;
    const auto problem = rd_kafka_metadata(client, 1, nullptr, &answer, left_ms());
    metadata.reset(answer);
    return problem;
  };
  // The first connects, if need be; the second is what one answer takes.
  auto problem = ask();
  const Instant since = clock.monotonic();
  if (problem == RD_KAFKA_RESP_ERR_NO_ERROR) problem = ask();
  if (problem != RD_KAFKA_RESP_ERR_NO_ERROR) {
    return fail(broker_unavailable, "No answer from Kafka at " + options.brokers + " within " + std::to_string(timeout_ms) +
                                        " ms: " + rd_kafka_err2str(problem) + ".");
  }
  BrokerReport report;
  report.latency_us = (clock.monotonic().ns - since.ns) / 1'000;
  for (int i = 0; i < metadata->topic_cnt; ++i) {
    const rd_kafka_metadata_topic_t& topic = metadata->topics[i];
    if (std::ranges::find(topics, topic.topic) == topics.end()) continue;
    warn(topic.topic, fewest_replicas(topic), settings_of(client, topic.topic, left_ms()), report.warnings);
  }
  return report;
}

}  // namespace seamline::events
