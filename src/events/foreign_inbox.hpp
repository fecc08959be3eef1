#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include "events/broker.hpp"
#include "events/broker_events.hpp"
#include "events/handlers.hpp"
#include "events/transaction_spans.hpp"
#include "seam/gate.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// Whose topic an inbox stands at.
struct Topic {
  /// "kafka".
  std::string broker;
  /// "orders".
  std::string name;
  /// The module that publishes there, or that somebody else stands in for.
  std::string publisher;
};

/// What was received of a topic at once: its foreign events, and where a subscription would go on behind all of it.
struct Delivery {
  struct Foreign {
    ForeignEvent event;
    BrokerPlace place;
  };
  std::vector<Foreign> events;
  store::TopicPlaces next;
};

/// What an inbox has done since it was made.
struct ForeignCounts {
  std::int64_t applied = 0;
  std::int64_t duplicates = 0;
  /// Of a type that the subscriber does not hear.
  std::int64_t unheard = 0;
  std::int64_t dead_letters = 0;
};

/// Applies the events of one topic that others than the publisher have sent: in the order of the broker, each in the transaction
/// that also remembers its identity (CloudEvents' source and id) and its place in the topic. One that cannot be applied becomes a
/// dead letter. offer() and the counts are thread-safe; the command is the writer's.
class ForeignInbox final : private store::Command {
 public:
  struct Options {
    /// Deliveries that may wait.
    std::size_t max_waiting = 16;
    /// What is applied becomes spans of it; null for none. Outlives the inbox.
    observe::Tracer* tracer = nullptr;
  };

  /// The subscriber's store and gate exist and outlive the inbox; the store is stopped before it goes.
  ForeignInbox(Topic topic, Handlers::ByType handlers, store::Store& subscriber, seam::Gate& gate, Options options);
  ~ForeignInbox() override;

  const Topic& topic() const { return topic_; }
  const std::string& subscriber() const { return store_.module(); }
  /// Where the store says that a subscription begins.
  const store::TopicPlaces& start() const { return start_; }
  /// While it has none, nothing more should be received.
  bool has_room() const;
  void offer(Delivery delivery);
  /// The gate is open again, or something failed for a passing reason: goes on with what waits.
  void resume() { post_if_needed(); }
  ForeignCounts counts() const;

 private:
  std::size_t run(store::Transaction& transaction, std::size_t limit) override;
  void committed() override;
  void rolled_back() override;
  void failed(const Error& error) override;

  void post_if_needed();
  void end_post();
  void apply(store::Transaction& transaction, const Delivery& delivery, const Delivery::Foreign& received);
  void bury(store::Transaction& transaction, const Delivery& delivery, const Delivery::Foreign& received,
            const std::string& reason);
  void write_places(store::Transaction& transaction, const Delivery& delivery) const;
  Handlers::ByType::const_iterator handler_of(std::string_view type) const;

  const Topic topic_;
  const Handlers::ByType handlers_;
  store::Store& store_;
  seam::Gate& gate_;
  const Options options_;
  store::TopicPlaces start_;

  mutable std::mutex mutex_;  // guards what receiver and writer share, down to the next empty line
  std::deque<std::shared_ptr<const Delivery>> waiting_;
  bool is_posted_ = false;
  std::optional<seam::Gate::Pass> pass_;  // held while it is posted
  ForeignCounts counts_;

  // The writer's own: events of the first delivery that are applied for good, and by the open transaction.
  std::size_t applied_ = 0;
  std::size_t reached_ = 0;
  bool is_delivery_done_ = false;
  std::optional<std::size_t> running_;
  std::optional<std::size_t> poisoned_;
  std::string poison_;
  ForeignCounts new_counts_;
  TransactionSpans spans_;
};

}  // namespace seamline::events
