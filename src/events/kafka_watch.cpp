#include "events/kafka_watch.hpp"

#include <algorithm>
#include <array>

#include "events/broker.hpp"
#include "observe/log.hpp"

namespace seamline::events {
namespace {

tl::unexpected<Error> unavailable(const std::string& tried, rd_kafka_resp_err_t problem) {
  return fail(broker_unavailable, tried + ": " + rd_kafka_err2str(problem) + ".");
}

bool is_missing(rd_kafka_resp_err_t problem) {
  return problem == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART || problem == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC ||
         problem == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION;
}

std::string cluster_id_of(rd_kafka_t* client) {
  char* known = rd_kafka_clusterid(client, 0);
  std::string text = known != nullptr ? known : "";
  rd_kafka_mem_free(client, known);
  return text;
}

}  // namespace

KafkaWatch::KafkaWatch(KafkaOwned<rd_kafka_t> client, const KafkaOptions& options)
    : options_(options), client_(std::move(client)) {}

bool KafkaWatch::step() {
  bool has_made_one = false;
  std::string unreachable;
  for (Watched* each : watched()) {
    if (is_interrupted_) break;
    each->topic->begin_look();
    // Where one topic got no answer, the others would wait for none as long.
    auto look = unreachable.empty() ? look_at(each->handle.get()) : fail(broker_unavailable, unreachable);
    if (!look) unreachable = look.error().detail;
    const bool is_missing_one = look && look->partitions.empty();
    each->topic->end_look(std::move(look));
    if (is_missing_one && each->topic->is_demanded()) has_made_one = make(each->topic->name()) || has_made_one;
  }
  write_kafka_log(client_.get());
  return has_made_one;
}

std::vector<KafkaWatch::Watched*> KafkaWatch::watched() const {
  const std::lock_guard lock(mutex_);
  std::vector<Watched*> all;
  for (const auto& [name, each] : topics_) all.push_back(each.get());
  return all;
}

std::vector<std::string> KafkaWatch::topic_names() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, each] : topics_) names.push_back(name);
  return names;
}

std::shared_ptr<KafkaTopic> KafkaWatch::topic(const std::string& name, const std::function<void()>& wake) {
  const std::lock_guard lock(mutex_);
  auto& each = topics_[name];
  if (!each) {
    each = std::make_unique<Watched>();
    each->topic = std::make_shared<KafkaTopic>(name, wake);
    each->handle.reset(rd_kafka_topic_new(client_.get(), name.c_str(), nullptr));
  }
  return each->topic;
}

Result<KafkaLook> KafkaWatch::look_at(rd_kafka_topic_t* topic) {
  const std::string name = rd_kafka_topic_name(topic);
  const rd_kafka_metadata_t* answer = nullptr;
  // By one topic at a time: for all that it knows, librdkafka would let the broker make those that are missing.
  const auto problem = rd_kafka_metadata(client_.get(), 0, topic, &answer, static_cast<int>(options_.request_timeout_ms));
  if (problem != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("No answer from Kafka at " + options_.brokers, problem);
  const KafkaOwned<const rd_kafka_metadata_t> metadata{answer};

  KafkaLook look{cluster_id_of(client_.get()), {}};
  if (metadata->topic_cnt != 1 || is_missing(metadata->topics[0].err)) return look;
  const rd_kafka_metadata_topic_t& found = metadata->topics[0];
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("Kafka does not show the topic " + name, found.err);
  auto read = read_offsets(name, found, look);
  if (!read) return fail(std::move(read.error()));
  return look;
}

Result<void> KafkaWatch::read_offsets(const std::string& topic, const rd_kafka_metadata_topic_t& found, KafkaLook& look) {
  look.partitions.resize(static_cast<std::size_t>(found.partition_cnt));
  for (const std::int64_t which : {std::int64_t{RD_KAFKA_OFFSET_BEGINNING}, std::int64_t{RD_KAFKA_OFFSET_END}}) {
    const KafkaOwned<rd_kafka_topic_partition_list_t> list{rd_kafka_topic_partition_list_new(found.partition_cnt)};
    for (int i = 0; i < found.partition_cnt; ++i) {
      if (found.partitions[i].leader < 0) continue;  // nobody could tell
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), found.partitions[i].id)->offset = which;
    }
    if (list->cnt == 0) return unavailable("Kafka does not show the topic " + topic, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE);
    // The protocol's ListOffsets takes -2 and -1 in the place of a time: the first offset, and the next.
    const auto problem = rd_kafka_offsets_for_times(client_.get(), list.get(), static_cast<int>(options_.request_timeout_ms));
    if (problem != RD_KAFKA_RESP_ERR_NO_ERROR) return unavailable("Kafka does not tell the offsets of " + topic, problem);
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& each = list->elems[i];
      const auto index = static_cast<std::size_t>(each.partition);
      if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR || index >= look.partitions.size()) continue;
      (which == RD_KAFKA_OFFSET_END ? look.partitions[index].end : look.partitions[index].begin) = each.offset;
    }
  }
  return {};
}

bool KafkaWatch::make(const std::string& topic) {
  const std::string problem = request_making(topic);
  if (problem.empty()) {
    observe::log_info("kafka", "made the topic " + topic);
  } else if (problem != making_problem_) {
    observe::log_warning("kafka", "cannot make the topic " + topic + ": " + problem);
  }
  making_problem_ = problem;
  return problem.empty();
}

std::string KafkaWatch::request_making(const std::string& topic) {
  std::array<char, 512> text{};
  KafkaOwned<rd_kafka_NewTopic_t> wanted{
      rd_kafka_NewTopic_new(topic.c_str(), options_.partitions, options_.replication_factor, text.data(), text.size())};
  if (!wanted) return text.data();
  const KafkaOwned<rd_kafka_AdminOptions_t> admin{rd_kafka_AdminOptions_new(client_.get(), RD_KAFKA_ADMIN_OP_CREATETOPICS)};
  const auto timeout_ms = static_cast<int>(options_.request_timeout_ms);
  rd_kafka_AdminOptions_set_request_timeout(admin.get(), timeout_ms, text.data(), text.size());
  // Without it the broker answers before the topic is there.
  rd_kafka_AdminOptions_set_operation_timeout(admin.get(), timeout_ms, text.data(), text.size());

  const KafkaOwned<rd_kafka_queue_t> queue{rd_kafka_queue_new(client_.get())};
  std::array<rd_kafka_NewTopic_t*, 1> topics{wanted.get()};
  rd_kafka_CreateTopics(client_.get(), topics.data(), topics.size(), admin.get(), queue.get());
  const KafkaOwned<rd_kafka_event_t> answer{rd_kafka_queue_poll(queue.get(), timeout_ms + 1'000)};
  if (!answer) return "no answer";
  if (rd_kafka_event_error(answer.get()) != RD_KAFKA_RESP_ERR_NO_ERROR) return rd_kafka_event_error_string(answer.get());
  std::size_t count = 0;
  const auto* const results = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  if (count != 1) return "no answer";
  const auto problem = rd_kafka_topic_result_error(results[0]);
  if (problem == RD_KAFKA_RESP_ERR_NO_ERROR || problem == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) return "";
  const char* said = rd_kafka_topic_result_error_string(results[0]);
  return said != nullptr ? said : rd_kafka_err2str(problem);
}

}  // namespace seamline::events
