#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace seamline::test {

/// librdkafka's own stand-in for a Kafka cluster of one broker, on a free loopback port. It makes no topics by the admin API.
class KafkaCluster {
 public:
  KafkaCluster() {
    std::array<char, 512> problem{};
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, nullptr, problem.data(), problem.size());
    if (client_ == nullptr) throw std::runtime_error(problem.data());
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    if (cluster_ == nullptr) throw std::runtime_error("no mock cluster");
  }
  ~KafkaCluster() {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }
  KafkaCluster(const KafkaCluster&) = delete;
  KafkaCluster& operator=(const KafkaCluster&) = delete;

  std::string address() const { return rd_kafka_mock_cluster_bootstraps(cluster_); }
  void make_topic(const std::string& name, int partitions = 1) {
    rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, 1);
  }
  /// A topic that is asked for is made at once; this hides one.
  void hide_topic(const std::string& name) {
    rd_kafka_mock_topic_set_error(cluster_, name.c_str(), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  }
  void show_topic(const std::string& name) { rd_kafka_mock_topic_set_error(cluster_, name.c_str(), RD_KAFKA_RESP_ERR_NO_ERROR); }
  /// Cuts all connections and refuses new ones.
  void go_down() { rd_kafka_mock_broker_set_down(cluster_, -1); }
  void come_back() { rd_kafka_mock_broker_set_up(cluster_, -1); }
  /// The next requests to write are answered with these errors.
  void refuse_writes(const std::vector<rd_kafka_resp_err_t>& errors) {
    rd_kafka_mock_push_request_errors_array(cluster_, 0, errors.size(), errors.data());
  }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

/// A program that knows nothing of Seamline: writes one message as it is told to, and waits until it is there.
inline void write_foreign(const std::string& brokers, const std::string& topic, const std::string& value,
                          const std::vector<std::pair<std::string, std::string>>& headers = {}) {
  std::array<char, 512> problem{};
  rd_kafka_conf_t* settings = rd_kafka_conf_new();
  rd_kafka_conf_set(settings, "bootstrap.servers", brokers.c_str(), problem.data(), problem.size());
  rd_kafka_t* client = rd_kafka_new(RD_KAFKA_PRODUCER, settings, problem.data(), problem.size());
  if (client == nullptr) throw std::runtime_error(problem.data());
  std::vector<rd_kafka_vu_t> parts(3);
  parts[0].vtype = RD_KAFKA_VTYPE_TOPIC;
  parts[0].u.cstr = topic.c_str();
  parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[1].u.i = RD_KAFKA_MSG_F_COPY;
  parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[2].u.mem = {const_cast<char*>(value.data()), value.size()};
  for (const auto& [name, text] : headers) {
    rd_kafka_vu_t part{};
    part.vtype = RD_KAFKA_VTYPE_HEADER;
    part.u.header = {name.c_str(), text.data(), static_cast<ssize_t>(text.size())};
    parts.push_back(part);
  }
  rd_kafka_error_t* refused = rd_kafka_produceva(client, parts.data(), parts.size());
  const auto unsent = rd_kafka_flush(client, 10'000);
  rd_kafka_destroy(client);
  if (refused != nullptr || unsent != RD_KAFKA_RESP_ERR_NO_ERROR) throw std::runtime_error("the foreign message was not taken");
}

}  // namespace seamline::test
