// How much the Kafka broker, and a relay that reads a log, cost over a bare loop of librdkafka with the same settings, on a real
// Kafka: bench_kafka [EVENTS]
// A client connects before the clock starts: sending begins after one event, receiving is counted from the first.
// Events carry the headers of a CloudEvent and 1,000 bytes of data. Runs take turns, and the best of each counts.
#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "events/kafka_broker.hpp"
#include "events/kafka_client.hpp"
#include "events/kafka_headers.hpp"
#include "events/relay.hpp"
#include "support/outside_server.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;
using namespace seamline::events;

namespace {

BrokerEvent event_of(std::int64_t number) {
  const std::string text = std::to_string(number);
  return {"0190a6b2-7c3e-7d4f-8a5b-" + std::to_string(100'000'000'000 + number % 1'000),
          {{"specversion", "1.0"},
           {"id", "0190a6b2-7c3e-7d4f-8a5b-0123456789ab"},
           {"source", "/seamline/order"},
           {"type", "seamline.order.OrderCreated.v1"},
           {"subject", "0190a6b2-7c3e-7d4f-8a5b-0123456789ab"},
           {"time", "2026-01-31T23:59:59.123Z"},
           {"datacontenttype", "application/json"},
           {"sequence", text},
           {"epoch", "1"}},
          std::string(1'000, 'x')};
}

double per_second(std::int64_t events, Instant since) {
  return static_cast<double>(events) * 1e9 / static_cast<double>(Clock::system().monotonic().ns - since.ns);
}

double send_bare(const KafkaOptions& options, const std::string& topic, const std::vector<BrokerEvent>& events) {
  auto client = std::move(*make_kafka_client(KafkaRole::publishes, options));
  const KafkaOwned<rd_kafka_topic_t> to{rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)};
  const KafkaOwned<rd_kafka_queue_t> queue{rd_kafka_queue_get_main(client.get())};
  std::size_t ended = 0;
  const auto serve = [&](int wait_ms) {
    while (const KafkaOwned<rd_kafka_event_t> event{rd_kafka_queue_poll(queue.get(), wait_ms)}) {
      if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_DR) ended += rd_kafka_event_message_count(event.get());
      wait_ms = 0;
    }
  };
  const auto send_one = [&](const BrokerEvent& event) {
    while (true) {
      auto headers = kafka_headers(event);
      std::array<rd_kafka_vu_t, 5> parts{};
      parts[0].vtype = RD_KAFKA_VTYPE_RKT;
      parts[0].u.rkt = to.get();
      parts[1].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
      parts[1].u.i = RD_KAFKA_MSG_F_COPY;
      parts[2].vtype = RD_KAFKA_VTYPE_VALUE;
      parts[2].u.mem = {const_cast<char*>(event.data.data()), event.data.size()};
      parts[3].vtype = RD_KAFKA_VTYPE_KEY;
      parts[3].u.mem = {const_cast<char*>(event.key.data()), event.key.size()};
      parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
      parts[4].u.headers = headers.get();
      rd_kafka_error_t* problem = rd_kafka_produceva(client.get(), parts.data(), parts.size());
      if (problem == nullptr) {
        static_cast<void>(headers.release());
        break;
      }
      rd_kafka_error_destroy(problem);
      serve(10);
    }
  };
  send_one(events.front());
  while (ended < 1) serve(10);
  const Instant since = Clock::system().monotonic();
  for (const BrokerEvent& event : events) send_one(event);
  while (ended < 1 + events.size()) serve(10);
  return per_second(static_cast<std::int64_t>(events.size()), since);
}

double send(KafkaBroker& broker, const std::string& topic, const std::vector<BrokerEvent>& events) {
  const auto publisher = broker.publish_to(topic);
  std::size_t ended = 0;
  const auto serve = [&](std::int64_t wait_ms) {
    for (const SendOutcome& outcome : publisher->outcomes(wait_ms)) {
      if (!outcome.is_durable) std::printf("not durable: %s\n", outcome.problem.c_str());
      ++ended;
    }
  };
  std::int64_t token = 0;
  publisher->send(events.front(), token++);
  while (ended < 1) serve(10);
  const Instant since = Clock::system().monotonic();
  for (const BrokerEvent& event : events) {
    while (!publisher->send(event, token)) serve(10);
    ++token;
  }
  while (ended < 1 + events.size()) serve(10);
  return per_second(static_cast<std::int64_t>(events.size()), since);
}

/// As large as the events above.
struct Tick {
  std::string name;
  std::string filling;
  static constexpr EventType type{"publisher", "Tick", 1};
  std::string_view subject() const { return name; }
  static constexpr std::tuple fields{Field{"name", &Tick::name, "Any."}, Field{"filling", &Tick::filling, "Any."}};
};

/// A store whose log has that many entries.
struct FilledLog {
  explicit FilledLog(std::int64_t entries) {
    store::StoreOptions options;
    options.directory = folder.path() / "publisher";
    options.module = "publisher";
    IdSource ids(Clock::system(), Random::system());
    store = store::Store::open(options, store::all_migrations(), Clock::system(), ids.next()).value();
    store->writer().start_thread();
    for (std::int64_t written = 0; written < entries; written += 1'000) {
      (void)store->write({}, [&](store::Transaction& transaction) -> Result<void> {
        for (int i = 0; i < 1'000; ++i) transaction.publish(Tick{ids.next(), std::string(930, 'x')});
        return {};
      });
    }
  }
  ~FilledLog() { store->stop(); }

  test::TemporaryFolder folder;
  std::unique_ptr<store::Store> store;
};

/// From the log to the broker's word, by a relay that has no place in it yet.
double relay(KafkaBroker& broker, const std::string& topic, store::Store& log) {
  const auto publisher = broker.publish_to(topic);
  seam::Gate gate;
  Relay relay("bench " + topic, log, gate, *publisher, Clock::system(), {});
  while (relay.counts().acknowledged_seq == 0) relay.step();
  const std::int64_t first = relay.counts().acknowledged_seq;
  const Instant since = Clock::system().monotonic();
  while (relay.counts().acknowledged_seq < log.log().head().seq) relay.step();
  return per_second(log.log().head().seq - first, since);
}

double receive_bare(const KafkaOptions& options, const std::string& topic, std::size_t count) {
  auto client = std::move(*make_kafka_client(KafkaRole::subscribes, options));
  const KafkaOwned<rd_kafka_topic_t> from{rd_kafka_topic_new(client.get(), topic.c_str(), nullptr)};
  std::optional<Instant> since;
  rd_kafka_consume_start(from.get(), 0, RD_KAFKA_OFFSET_BEGINNING);
  std::array<rd_kafka_message_t*, 1'000> messages{};
  for (std::size_t received = 0; received < count;) {
    const auto some = rd_kafka_consume_batch(from.get(), 0, 10, messages.data(), messages.size());
    for (ssize_t i = 0; i < some; ++i) rd_kafka_message_destroy(messages[static_cast<std::size_t>(i)]);
    received += static_cast<std::size_t>(std::max<ssize_t>(0, some));
    if (!since && received > 0) since = Clock::system().monotonic();
  }
  const double rate = per_second(static_cast<std::int64_t>(count), *since);
  rd_kafka_consume_stop(from.get(), 0);
  return rate;
}

double receive(KafkaBroker& broker, const std::string& topic, std::size_t count) {
  const auto subscription = broker.subscribe_to(topic, {});
  std::optional<Instant> since;
  for (std::size_t received = 0; received < count;) {
    received += subscription->receive(1'000, 100).value().size();
    if (!since && received > 0) since = Clock::system().monotonic();
  }
  return per_second(static_cast<std::int64_t>(count), *since);
}

}  // namespace

int main(int count, char** words) {
  const std::int64_t events = count > 1 ? std::atoll(words[1]) : 100'000;
  std::vector<BrokerEvent> all;
  for (std::int64_t i = 0; i < events; ++i) all.push_back(event_of(i));

  test::OutsideServer kafka("kafka");
  KafkaOptions options;
  options.brokers = kafka.address();
  const auto broker = std::move(*KafkaBroker::open(options));
  const FilledLog log(events);
  std::array<double, 5> best{};
  for (int round = 0; round < 4; ++round) {
    const std::string topic = "orders-" + std::to_string(round);
    const auto made = broker->publish_to(topic);
    made->send(event_of(0), 0);
    while (made->outcomes(100).empty()) {
    }
    // The first to write warms the broker's new topic up: so they take turns.
    const std::array<std::function<double()>, 2> senders{[&] { return send_bare(options, topic, all); },
                                                         [&] { return send(*broker, topic, all); }};
    for (int turn = 0; turn < 2; ++turn) {
      const auto which = static_cast<std::size_t>((round + turn) % 2);
      best[which] = std::max(best[which], senders[which]());
    }
    best[2] = std::max(best[2], receive_bare(options, topic, all.size()));
    best[3] = std::max(best[3], receive(*broker, topic, all.size()));
    best[4] = std::max(best[4], relay(*broker, topic, *log.store));
  }
  std::printf("send, bare       %9.0f events/s\nsend, Seamline   %9.0f events/s  %3.0f %%\n", best[0], best[1],
              100 * best[1] / best[0]);
  std::printf("a log, relayed   %9.0f events/s  %3.0f %%\n", best[4], 100 * best[4] / best[0]);
  std::printf("receive, bare    %9.0f events/s\nreceive, Seamline%9.0f events/s  %3.0f %%\n", best[2], best[3],
              100 * best[3] / best[2]);
  return 0;
}
