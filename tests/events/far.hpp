#pragma once

#include <filesystem>

#include "ear.hpp"
#include "events/event_endpoint.hpp"
#include "events/follower.hpp"
#include "events/http_log_source.hpp"
#include "http/server.hpp"

namespace seamline::test {

/// A publisher as the hosts elsewhere see it: its store, endpoint and server, on the same port all its life.
class FarPublisher {
 public:
  explicit FarPublisher(events::EventEndpoint::Options endpoint_options = {}) : endpoint_options_(endpoint_options) { start(); }
  ~FarPublisher() { stop(); }
  FarPublisher(const FarPublisher&) = delete;
  FarPublisher& operator=(const FarPublisher&) = delete;

  void start() {
    if (!notes.store) notes.reopen();
    endpoint = std::make_unique<events::EventEndpoint>(*notes, gate, endpoint_options_);
    http::Server::Options options;
    options.port = port_;
    auto started = http::Server::start(options, [this](const http::Request& request) {
      ++requests;
      return endpoint->handle(request, {});
    });
    if (!started) throw std::runtime_error(started.error().detail);
    notes->writer().start_thread();
    server_ = std::move(*started);
    port_ = server_->port();
  }
  /// As when its process dies: the connections end, the store stays.
  void stop() {
    if (endpoint) endpoint->stop();
    if (server_) server_->stop();
    server_.reset();
    if (notes.store) notes->stop();
    endpoint.reset();
    notes.store.reset();
  }
  /// Has `change` done to the store's files while the publisher is down.
  template <class Change>
  void while_down(Change change) {
    stop();
    change(notes.options.directory);
    start();
  }
  /// Writes over what the store has, behind the publisher's back.
  void tamper(store::Sql statement) {
    (void)notes->write({}, [&](store::Transaction& transaction) -> Result<void> {
      transaction.rows().execute(statement);
      return {};
    });
    while_down([](const auto&) {});
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::optional<std::int64_t> receipt_of(const std::string& subscriber) {
    return notes->read([&](store::View& view) -> std::optional<std::int64_t> {
      auto row = view.rows().query("SELECT seq FROM receipts WHERE subscriber = $1", subscriber);
      if (!row.next()) return std::nullopt;
      return row.integer(0);
    });
  }

  NoteStore notes;
  seam::Gate gate;
  std::unique_ptr<events::EventEndpoint> endpoint;
  std::atomic<int> requests{0};

 private:
  const events::EventEndpoint::Options endpoint_options_;
  std::uint16_t port_ = 0;
  std::unique_ptr<http::Server> server_;
};

/// The module that hears NoteWritten, with a follower in place of a puller. Stepped by the test; nothing waits.
class FarEar {
 public:
  explicit FarEar(std::string url, std::size_t queue_entries = 4096, std::int64_t read_entries = 1000)
      : ear(home, {.queue_entries = queue_entries, .wake_puller = {}}), endpoint_(std::move(url)) {
    options.wait_ms = 0;
    options.read_entries = read_entries;
    connect();
  }
  void connect() {
    source = std::make_unique<events::HttpLogSource>("note", endpoint_, events::HttpLogSource::Options{});
    follower = std::make_unique<events::Follower>(*ear.consumer, *source, home.clock, options);
  }
  void restart() {
    ear.restart();
    connect();
  }
  void settle() {
    for (int i = 0; i < 10'000; ++i) {
      const bool has_read = follower->step();
      if (!ear.store->writer().step() && !has_read) return;
    }
    throw std::runtime_error("the ear does not come to rest");
  }
  bool is_diverged() const { return ear.consumer->is_diverged(); }

  /// Holds nothing but the folder and the clock.
  NoteStore home;
  Ear ear;
  events::Follower::Options options;
  std::unique_ptr<events::HttpLogSource> source;
  std::unique_ptr<events::Follower> follower;

 private:
  http::FixedEndpoint endpoint_;
};

}  // namespace seamline::test
