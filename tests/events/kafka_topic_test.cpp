#include "events/broker.hpp"
#include "events/kafka_watch.hpp"
#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::events;

namespace {

void look(KafkaTopic& topic, const std::string& cluster_id, std::vector<KafkaRange> partitions) {
  topic.begin_look();
  topic.end_look(KafkaLook{cluster_id, std::move(partitions)});
}

}  // namespace

TEST_CASE("a topic that grows, expires and gets partitions is the same topic") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {});
  look(topic, "one", {{0, 0}});
  topic.saw(0, 0, 5);
  look(topic, "one", {{0, 5}});
  look(topic, "one", {{3, 9}, {0, 0}});
  CHECK(topic.view()->incarnation == 0);
  CHECK(topic.view()->latest.partitions == std::vector<KafkaRange>{{3, 9}, {0, 0}});
}

TEST_CASE("a topic that ends before what was seen in it is another one, once") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{0, 0}});
  topic.saw(0, 0, 7);
  look(topic, "one", {{0, 6}});
  CHECK(topic.view()->incarnation == 1);
  look(topic, "one", {{0, 6}});
  CHECK(topic.view()->incarnation == 1);
  look(topic, "one", {{0, 5}});
  CHECK(topic.view()->incarnation == 2);
}

TEST_CASE("a topic that begins before it began, or lacks a partition, is another one") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{4, 9}, {0, 3}});
  look(topic, "one", {{0, 20}, {0, 3}});
  CHECK(topic.view()->incarnation == 1);
  look(topic, "one", {{0, 20}});
  CHECK(topic.view()->incarnation == 2);
}

TEST_CASE("another cluster has another topic, even an empty one, and coming back is another change") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{0, 3}});
  look(topic, "two", {});
  CHECK(topic.view()->incarnation == 1);
  look(topic, "two", {{0, 9}});
  CHECK(topic.view()->incarnation == 1);
  look(topic, "one", {{0, 3}});
  CHECK(topic.view()->incarnation == 2);
}

TEST_CASE("a topic that is missing is judged when it is back") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{0, 3}});
  look(topic, "one", {});
  CHECK(topic.view()->incarnation == 0);
  look(topic, "one", {{0, 0}});
  CHECK(topic.view()->incarnation == 1);
}

TEST_CASE("what is seen while the broker is asked is not held against its answer") {
  KafkaTopic topic("orders", [] {});
  topic.begin_look();
  topic.saw(0, 0, 8);
  topic.end_look(KafkaLook{"one", {{0, 5}}});
  CHECK(topic.view()->incarnation == 0);
  look(topic, "one", {{0, 7}});
  CHECK(topic.view()->incarnation == 1);
}

TEST_CASE("offsets that went back count once, and only in the incarnation in which they did") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{0, 3}});
  topic.saw_loss(0);
  CHECK(topic.view()->incarnation == 0);
  look(topic, "one", {{0, 30}});
  CHECK(topic.view()->incarnation == 1);
  topic.saw_loss(0);
  topic.saw(0, 0, 99);
  look(topic, "one", {{0, 30}});
  CHECK(topic.view()->incarnation == 1);
}

TEST_CASE("a look that fails changes nothing but the problem, until the next") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{0, 3}});
  topic.begin_look();
  topic.end_look(fail(broker_unavailable, "no answer"));
  CHECK(topic.view()->problem == "no answer");
  CHECK(topic.view()->latest.cluster_id == "one");
  CHECK(topic.view()->look == 1);
  look(topic, "one", {{0, 3}});
  CHECK(topic.view()->problem.empty());
  CHECK(topic.view()->look == 3);
}

TEST_CASE("a partition whose offsets are not told is not judged") {
  KafkaTopic topic("orders", [] {});
  look(topic, "one", {{0, 3}, {2, 5}});
  look(topic, "one", {{0, 3}, {-1, -1}});
  CHECK(topic.view()->incarnation == 0);
  look(topic, "one", {{0, 3}, {2, 4}});
  CHECK(topic.view()->incarnation == 1);
}
