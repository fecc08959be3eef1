#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "events/kafka_client.hpp"

namespace seamline::events {

/// Where a partition begins and ends: the first offset that it holds, and the next that it will give. -1 where that is not known.
struct KafkaRange {
  std::int64_t begin = -1;
  std::int64_t end = -1;
  bool operator==(const KafkaRange&) const = default;
};

/// What one look at a topic showed.
struct KafkaLook {
  std::string cluster_id;
  /// By partition; empty where the topic is missing.
  std::vector<KafkaRange> partitions;
};

/// A topic as the looks so far show it.
struct KafkaTopicView {
  KafkaLook latest;
  /// Grows whenever the data turns out to be lost, or to be that of another cluster.
  std::int64_t incarnation = 0;
  /// Which look this is; 0 before the first has succeeded.
  std::int64_t look = 0;
  /// Why a later look failed; else empty.
  std::string problem;
};

/// What a process knows of one topic: fed by the watch, by publishers and by subscriptions. Thread-safe.
class KafkaTopic {
 public:
  /// `wake` asks the watch for a look soon.
  KafkaTopic(std::string name, std::function<void()> wake) : name_(std::move(name)), wake_(std::move(wake)) {}

  const std::string& name() const { return name_; }
  std::shared_ptr<const KafkaTopicView> view() const;
  /// Waits for another view than this one, for up to `wait_ms`.
  void wait_for_other(const std::shared_ptr<const KafkaTopicView>& view, std::int64_t wait_ms) const;
  /// Asks for a look soon. A view of the look that is returned, or of a later one, shows what was the case after this call.
  std::int64_t ask_for_look();
  /// The topic shall be made where it is missing.
  void demand();
  bool is_demanded() const;

  /// In that incarnation the partition had an event right before `end`.
  void saw(std::int64_t incarnation, std::int64_t partition, std::int64_t end);
  /// In that incarnation offsets went back: its data was lost. The next look counts it.
  void saw_loss(std::int64_t incarnation);

  /// By the watch, before it asks and after it was answered.
  void begin_look();
  void end_look(Result<KafkaLook> look);

 private:
  bool contradicts(const KafkaLook& look) const;

  const std::string name_;
  const std::function<void()> wake_;
  mutable std::mutex mutex_;  // guards all below
  mutable std::condition_variable changed_;
  std::shared_ptr<const KafkaTopicView> view_ = std::make_shared<KafkaTopicView>();
  std::int64_t looks_begun_ = 0;
  bool is_demanded_ = false;
  bool is_loss_seen_ = false;
  // What was seen so far, by partition, and what had been when the look began: what is seen meanwhile may be later than its
  // answer.
  std::vector<KafkaRange> seen_;
  std::vector<KafkaRange> expected_;
};

/// Looks at the topics of a cluster, over and over, and makes those that are demanded. A step may take as long as the broker.
class KafkaWatch final : public Loop {
 public:
  KafkaWatch(KafkaOwned<rd_kafka_t> client, const KafkaOptions& options);

  bool step() override;
  /// The topic of that name, from now on looked at. `wake` is that of the loop. Thread-safe.
  std::shared_ptr<KafkaTopic> topic(const std::string& name, const std::function<void()>& wake);
  /// Lets a step end early, at the next topic. Thread-safe.
  void interrupt() { is_interrupted_ = true; }
  /// Thread-safe, as librdkafka is.
  rd_kafka_t* client() const { return client_.get(); }
  std::vector<std::string> topic_names() const;

 private:
  struct Watched {
    std::shared_ptr<KafkaTopic> topic;
    KafkaOwned<rd_kafka_topic_t> handle;
  };

  std::vector<Watched*> watched() const;
  Result<KafkaLook> look_at(rd_kafka_topic_t* topic);
  Result<void> read_offsets(const std::string& topic, const rd_kafka_metadata_topic_t& found, KafkaLook& look);
  /// Whether the topic is there now.
  bool make(const std::string& topic);
  std::string request_making(const std::string& topic);

  const KafkaOptions options_;
  const KafkaOwned<rd_kafka_t> client_;
  std::atomic<bool> is_interrupted_{false};
  std::string making_problem_;                              // the last that was logged
  mutable std::mutex mutex_;                                // guards topics_
  std::map<std::string, std::unique_ptr<Watched>> topics_;  // after the client, which must outlive the handles
};

}  // namespace seamline::events
