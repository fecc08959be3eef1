#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

#include "base/result.hpp"
#include "events/kafka_options.hpp"

namespace seamline::events {

struct KafkaDeleter {
  void operator()(rd_kafka_t* client) const;
  void operator()(rd_kafka_conf_t* settings) const { rd_kafka_conf_destroy(settings); }
  void operator()(rd_kafka_topic_t* topic) const { rd_kafka_topic_destroy(topic); }
  void operator()(rd_kafka_queue_t* queue) const { rd_kafka_queue_destroy(queue); }
  void operator()(rd_kafka_event_t* event) const { rd_kafka_event_destroy(event); }
  void operator()(rd_kafka_headers_t* headers) const { rd_kafka_headers_destroy(headers); }
  void operator()(rd_kafka_topic_partition_list_t* list) const { rd_kafka_topic_partition_list_destroy(list); }
  void operator()(const rd_kafka_metadata_t* metadata) const { rd_kafka_metadata_destroy(metadata); }
  void operator()(rd_kafka_NewTopic_t* topic) const { rd_kafka_NewTopic_destroy(topic); }
  void operator()(rd_kafka_AdminOptions_t* options) const { rd_kafka_AdminOptions_destroy(options); }
  void operator()(rd_kafka_ConfigResource_t* resource) const { rd_kafka_ConfigResource_destroy(resource); }
};

/// An object of librdkafka with an owner.
template <class T>
using KafkaOwned = std::unique_ptr<T, KafkaDeleter>;

/// What a client of librdkafka is for.
enum class KafkaRole : std::uint8_t { watches, publishes, subscribes };

/// A client with the settings that its role needs and those that the options add. It connects by threads of its own. Its log
/// lines wait in its main queue, so that no code of ours runs in those threads. Errors: events.broker_setting.
Result<KafkaOwned<rd_kafka_t>> make_kafka_client(KafkaRole role, const KafkaOptions& options);

/// Writes the log line that an event is; nothing where it is none.
void log_kafka_event(rd_kafka_event_t* event);

/// Writes the log lines that wait in the client's main queue; for a client whose queue holds nothing else of worth.
void write_kafka_log(rd_kafka_t* client);

}  // namespace seamline::events
