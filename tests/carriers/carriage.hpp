#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "events/broker.hpp"
#include "events/broker_events.hpp"
#include "events/event_endpoint.hpp"
#include "events/http_log_source.hpp"
#include "host/host.hpp"
#include "http/endpoints.hpp"
#include "http/server.hpp"
#include "support/poll.hpp"
#include "support/notes.hpp"
#include "support/catch.hpp"
#include "support/stand_in.hpp"
#include "support/temporary_folder.hpp"

namespace seamline::test {

struct EarContract : Contract<Operations<>, Publishes<>> {
  static constexpr std::string_view module = "ear";
  static constexpr std::string_view topic = "ears";
};

/// What the ear does beside writing down what it hears.
struct EarProbe {
  std::function<void(store::Transaction&, const NoteWritten&)> after_effect;
};

/// A publisher and a subscriber with threads and real time, and the carrier between them: in one host, or in two that reach each
/// other over HTTP, with a broker where there is one.
class Carriage {
 public:
  enum class Apart : std::uint8_t { no, yes };

  /// `broker` exists and outlives it; null for none.
  Carriage(Apart apart, events::Broker* broker, std::string topic_prefix = {})
      : is_apart_(apart == Apart::yes), broker_(broker), topic_prefix_(std::move(topic_prefix)) {
    start_publisher();
    start_subscriber();
  }
  ~Carriage() {
    stop_subscriber();
    stop_publisher();
  }
  Carriage(const Carriage&) = delete;
  Carriage& operator=(const Carriage&) = delete;

  /// Publishes the next numbers, in one commit.
  void publish(std::int64_t count) {
    (void)publisher().write({}, [&](store::Transaction& transaction) -> Result<void> {
      for (std::int64_t number = published_ + 1; number <= published_ + count; ++number) {
        transaction.publish(NoteWritten{{"s" + std::to_string(number % 7)}, number});
      }
      return {};
    });
    published_ += count;
  }
  /// The same, one commit each.
  void publish_singly(std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) publish(1);
  }
  std::int64_t published() const { return published_; }

  /// What was heard, in the order in which it was.
  std::vector<std::int64_t> heard() {
    return subscriber().read([](store::View& view) {
      std::vector<std::int64_t> all;
      auto row = view.rows().query("SELECT number FROM heard ORDER BY position");
      while (row.next()) all.push_back(row.integer(0));
      return all;
    });
  }
  static std::int64_t count_heard(store::View& view) {
    auto row = view.rows().query("SELECT count(*) FROM heard");
    row.next();
    return row.integer(0);
  }
  /// Whether everything published was heard, once and in order, before `timeout_ms` were over.
  bool hears_all(std::int64_t timeout_ms = 60'000) {
    poll_until([this] { return subscriber().read(count_heard) >= published_; }, static_cast<int>(timeout_ms / 2));
    // What comes twice comes soon.
    if (poll_until([this] { return subscriber().read(count_heard) > published_; }, 25)) return false;
    std::vector<std::int64_t> wanted;
    for (std::int64_t number = 1; number <= published_; ++number) wanted.push_back(number);
    return heard() == wanted;
  }

  void stop_subscriber() {
    if (subscriber_host_ == publisher_host_) return;
    subscriber_host_.reset();
  }
  void start_subscriber();
  void restart_subscriber() {
    if (!is_apart_) return restart_both();
    stop_subscriber();
    start_subscriber();
  }
  void stop_publisher() {
    if (endpoint_) endpoint_->stop();
    if (server_) server_->stop();
    server_.reset();
    if (publisher_host_) publisher_host_->stop();
    endpoint_.reset();
    publisher_host_.reset();
    if (!is_apart_) subscriber_host_.reset();
  }
  void start_publisher();
  void restart_publisher() {
    if (!is_apart_) return restart_both();
    stop_publisher();
    start_publisher();
  }

  /// Both are started again, and find another broker, which exists and outlives them, where the first one was.
  void change_broker(events::Broker& broker) {
    broker_ = &broker;
    stop_subscriber();
    restart_publisher();
    start_subscriber();
  }

  store::Store& publisher() { return publisher_host_->store_of("note"); }
  store::Store& subscriber() { return subscriber_host_->store_of("ear"); }
  host::Host& subscriber_host() { return *subscriber_host_; }
  host::Host& publisher_host() { return *publisher_host_; }
  std::string topic() const { return topic_prefix_ + "notes"; }
  events::ConsumerCounts counts() { return subscriber_host_->consumer_of("ear", "note").counts(); }
  std::vector<std::pair<std::int64_t, std::string>> dead_letters() {
    return subscriber().read([](store::View& view) {
      std::vector<std::pair<std::int64_t, std::string>> all;
      auto row = view.rows().query("SELECT seq, state FROM dead_letters ORDER BY seq");
      while (row.next()) all.emplace_back(row.integer(0), std::string(row.text(1)));
      return all;
    });
  }
  store::EntryBatch log() {
    return publisher().read([](store::View& view) { return store::read_log(view, {}, 1'000'000).value(); });
  }

  EarProbe probe;
  std::size_t queue_entries = 4096;

 private:
  void restart_both() {
    stop_publisher();
    start_publisher();
    start_subscriber();
  }
  host::HostOptions options() const {
    host::HostOptions options;
    options.data_dir = folder_.path();
    options.timers.grace_ms = 0;
    options.consumer_queue_entries = queue_entries;
    options.broker_links.topic_prefix = topic_prefix_;
    options.puller.receipt_ms = 200;
    options.follower.receipt_ms = 200;
    options.broker_links.relay.receipt_ms = 200;
    return options;
  }
  host::ModuleSpec ear_spec();

  const bool is_apart_;
  events::Broker* broker_;
  const std::string topic_prefix_;
  TemporaryFolder folder_;
  std::int64_t published_ = 0;
  std::shared_ptr<host::Host> publisher_host_;
  std::shared_ptr<host::Host> subscriber_host_;
  std::unique_ptr<events::EventEndpoint> endpoint_;
  std::unique_ptr<http::Server> server_;
  std::uint16_t port_ = 0;
  std::unique_ptr<http::FixedEndpoint> address_;
};

/// Hears NoteWritten and writes down what it heard.
class HearingEar final : public host::HostedModule {
 public:
  HearingEar(host::Environment& environment, EarProbe& probe) {
    (void)environment.store().write({}, [](store::Transaction& transaction) -> Result<void> {
      transaction.rows().execute(
          "CREATE TABLE IF NOT EXISTS heard (position INTEGER NOT NULL PRIMARY KEY, number INTEGER NOT NULL) STRICT");
      return {};
    });
    environment.hear<NoteWritten>([&probe](store::Transaction& transaction, const NoteWritten& event) {
      transaction.rows().execute(
          "INSERT INTO heard (position, number) VALUES ((SELECT coalesce(max(position), 0) + 1 FROM heard), $1)", event.number);
      if (probe.after_effect) probe.after_effect(transaction, event);
    });
  }
  void* port() override { return static_cast<Port<EarContract>*>(&port_); }
  seam::Gate& gate() override { return gate_; }

 private:
  host::UnplacedPort<EarContract> port_;
  seam::Gate gate_;
};

inline host::ModuleSpec Carriage::ear_spec() {
  host::ModuleSpec spec;
  spec.name = "ear";
  spec.create = [this](host::Environment& environment) { return std::make_unique<HearingEar>(environment, probe); };
  return spec;
}

inline host::ModuleSpec note_spec() {
  host::ModuleSpec spec = StandIn<NoteContract>::spec();
  spec.contract = contract_of<NoteContract>();
  return spec;
}

/// The subscriber calls nobody.
class NoTransport final : public Transport {
 public:
  Result<Answer> send(const CallContext&, const RemoteOperation&, const EncodedRequest&) override {
    return fail(ErrorCode{"test.no_call", Kind::unavailable}, "Nobody is called here.");
  }
};

inline void Carriage::start_publisher() {
  publisher_host_ = std::make_shared<host::Host>(options(), Clock::system(), Random::system());
  REQUIRE(publisher_host_->add(note_spec()).has_value());
  if (!is_apart_) return;
  if (broker_ != nullptr) publisher_host_->carry("note", *broker_);
  endpoint_ = std::make_unique<events::EventEndpoint>(publisher(), publisher_host_->gate_of("note"));
  publisher_host_->start();
  http::Server::Options server_options;
  server_options.port = port_;
  auto started =
      http::Server::start(server_options, [this](const http::Request& request) { return endpoint_->handle(request, {}); });
  REQUIRE(started.has_value());
  server_ = std::move(*started);
  port_ = server_->port();
  if (!address_) address_ = std::make_unique<http::FixedEndpoint>("http://127.0.0.1:" + std::to_string(port_));
}

inline void Carriage::start_subscriber() {
  static NoTransport no_transport;
  if (!is_apart_) {
    REQUIRE(publisher_host_->add(ear_spec()).has_value());
    publisher_host_->start();
    subscriber_host_ = publisher_host_;
    return;
  }
  subscriber_host_ = std::make_shared<host::Host>(options(), Clock::system(), Random::system());
  REQUIRE(subscriber_host_->add(ear_spec()).has_value());
  host::ModuleSpec note = note_spec();
  note.connect = [](Transport& transport) -> std::unique_ptr<host::RemoteModule> {
    return std::make_unique<host::TypedRemoteModule<NoteContract>>(transport);
  };
  subscriber_host_->add_remote(note, no_transport, [this](const std::string&) {
    return std::make_unique<events::HttpLogSource>("note", *address_, events::HttpLogSource::Options{});
  });
  if (broker_ != nullptr) subscriber_host_->carry("note", *broker_);
  subscriber_host_->start();
}

}  // namespace seamline::test
