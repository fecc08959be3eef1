#include "events/kafka_client.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "events/kafka_broker.hpp"
#include "observe/log.hpp"

namespace seamline::events {
namespace {

using Settings = std::vector<std::pair<std::string, std::string>>;

// Changed, they would break what broker.hpp and kafka_broker.hpp promise. Both names of a setting that has two.
constexpr std::array<std::string_view, 15> fixed_settings{"acks",
                                                          "allow.auto.create.topics",
                                                          "auto.commit.enable",
                                                          "auto.offset.reset",
                                                          "bootstrap.servers",
                                                          "client.id",
                                                          "enable.auto.commit",
                                                          "enable.idempotence",
                                                          "group.id",
                                                          "isolation.level",
                                                          "log.queue",
                                                          "metadata.broker.list",
                                                          "queue.buffering.max.messages",
                                                          "request.required.acks",
                                                          "transactional.id"};

Settings settings_of(KafkaRole role, const KafkaOptions& options) {
  const auto text = [](std::int64_t number) { return std::to_string(number); };
  Settings settings{
      {"bootstrap.servers", options.brokers},
      {"client.id", options.client_id},
      // The broker would make a missing topic by its own defaults, before ours can say how.
      {"allow.auto.create.topics", "false"},
      {"log.queue", "true"},
      {"socket.connection.setup.timeout.ms", text(options.connect_timeout_ms)},
      {"socket.timeout.ms", text(options.request_timeout_ms)},
      {"reconnect.backoff.max.ms", "1000"},
      {"topic.metadata.refresh.interval.ms", "5000"},
  };
  if (role == KafkaRole::publishes) {
    settings.insert(settings.end(),
                    {{"enable.idempotence", "true"},
                     {"acks", "all"},
                     {"message.max.bytes", text(options.max_event_bytes)},
                     {"queue.buffering.max.messages", text(options.max_waiting_events)},
                     {"queue.buffering.max.kbytes", text(std::max<std::int64_t>(1, options.max_waiting_bytes / 1024))},
                     {"message.timeout.ms", text(options.delivery_timeout_ms)},
                     {"request.timeout.ms", text(options.request_timeout_ms)},
                     // Long enough for a run of events to be one request: while more than five messages of an idempotent producer
                     // are on their way it sends no other, and librdkafka 2.0 spins if it has one.
                     {"linger.ms", "1"},
                     // As the clients of other languages choose, so that all agree on where a key lies.
                     {"partitioner", "murmur2_random"}});
    return settings;
  }
  settings.insert(settings.end(),
                  {{"enable.auto.commit", "false"},
                   {"auto.offset.reset", "earliest"},
                   {"fetch.error.backoff.ms", "100"},
                   {"queued.max.messages.kbytes", text(std::max<std::int64_t>(1, options.max_fetched_bytes / 1024))}});
  // Offsets that an open transaction of somebody else hides would look like ones that were lost.
  if (role == KafkaRole::watches) settings.emplace_back("isolation.level", "read_uncommitted");
  return settings;
}

Result<void> set_all(const Settings& settings, rd_kafka_conf_t* to) {
  std::array<char, 512> problem{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(to, name.c_str(), value.c_str(), problem.data(), problem.size()) != RD_KAFKA_CONF_OK) {
      return fail(broker_setting, problem.data());
    }
  }
  return {};
}

}  // namespace

void KafkaDeleter::operator()(rd_kafka_t* client) const {
  // What still waits is given up at once; its owner has asked for the outcomes that it wants.
  if (rd_kafka_type(client) == RD_KAFKA_PRODUCER) {
    rd_kafka_purge(client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  }
  rd_kafka_destroy(client);
}

Result<KafkaOwned<rd_kafka_t>> make_kafka_client(KafkaRole role, const KafkaOptions& options) {
  for (const auto& [name, value] : options.settings) {
    if (std::ranges::find(fixed_settings, name) != fixed_settings.end()) {
      return fail(broker_setting, "\"" + name + "\" is set by Seamline itself: what it promises of a broker rests on it.");
    }
  }
  KafkaOwned<rd_kafka_conf_t> conf{rd_kafka_conf_new()};
  if (auto applied = set_all(settings_of(role, options), conf.get()); !applied) return fail(std::move(applied.error()));
  if (auto applied = set_all(options.settings, conf.get()); !applied) return fail(std::move(applied.error()));
  rd_kafka_conf_set_events(conf.get(), RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);

  std::array<char, 512> problem{};
  const auto type = role == KafkaRole::publishes ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
  KafkaOwned<rd_kafka_t> client{rd_kafka_new(type, conf.get(), problem.data(), problem.size())};
  if (!client) return fail(broker_setting, problem.data());
  static_cast<void>(conf.release());  // the client's now
  rd_kafka_set_log_queue(client.get(), nullptr);
  return client;
}

void log_kafka_event(rd_kafka_event_t* event) {
  const char* facility = "";
  const char* text = "";
  int level = 0;
  if (rd_kafka_event_log(event, &facility, &text, &level) != 0) return;
  // Each client is given all settings of the options, also those that are for another role.
  const bool is_for_others =
      facility == std::string_view("CONFWARN") && std::string_view(text).find("will be ignored") != std::string_view::npos;
  if (is_for_others) return;
  // Levels of syslog. That a broker is out of reach is an error to librdkafka; here a broker only hastens.
  const std::string line = std::string(facility) + ": " + text;
  if (level <= 2) {
    observe::log_error("kafka", line);
  } else if (level <= 4) {
    observe::log_warning("kafka", line);
  } else if (level <= 6) {
    observe::log_info("kafka", line);
  }
}

void write_kafka_log(rd_kafka_t* client) {
  const KafkaOwned<rd_kafka_queue_t> queue{rd_kafka_queue_get_main(client)};
  while (KafkaOwned<rd_kafka_event_t> event{rd_kafka_queue_poll(queue.get(), 0)}) log_kafka_event(event.get());
}

}  // namespace seamline::events
