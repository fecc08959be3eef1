#pragma once

#include <atomic>
#include <deque>

#include "base/growing_pause.hpp"
#include "base/loop.hpp"
#include "events/broker.hpp"
#include "seam/gate.hpp"
#include "store/store.hpp"

namespace seamline::events {

/// What a relay has done since it was made.
struct RelayCounts {
  std::int64_t sent = 0;
  /// Entries that the broker said it has not taken; each was sent again.
  std::int64_t failed = 0;
  /// How often it began again because the broker had lost its data.
  std::int64_t refills = 0;
  /// Up to which entry the broker has everything.
  std::int64_t acknowledged_seq = 0;
  /// The log's head when it was last looked at.
  std::int64_t head_seq = 0;
};

/// Sends a module's log to a topic of a broker, in order, each entry at least once. Its place in the log is a receipt in the
/// module's own store, one for each storage that the topic has had: so it goes on where it stopped, and fills a broker that has
/// lost its data again, from the entry on that some subscriber has not receipted.
class Relay final : public Loop {
 public:
  struct Options {
    /// Entries that may wait for the broker's word.
    std::int64_t max_in_flight = 4000;
    /// From one message to the next, but for whole pages, in milliseconds: one for each entry of the first, within these two
    /// bounds. So the more happens, the fewer messages carry it; the first after a pause goes at once.
    std::int64_t gather_ms = 5;
    std::int64_t longest_gather_ms = 20;
    /// How often its place is written down, in milliseconds; a restart sends again what came since.
    std::int64_t receipt_ms = 1000;
    /// How long a step waits for the broker's word, in milliseconds. With 0 it never waits: for tests and simulations.
    std::int64_t wait_ms = 20;
    /// The longest pause before a broker that has refused is tried again, in milliseconds.
    std::int64_t longest_pause_ms = 1000;
  };

  /// `broker` is the broker's name, under which receipts are kept. All exist and outlive the relay.
  Relay(std::string broker, store::Store& publisher, seam::Gate& gate, BrokerPublisher& topic, const Clock& clock,
        Options options);

  bool step() override;
  /// Thread-safe.
  RelayCounts counts() const;

 private:
  /// Returns whether it knows where to go on.
  bool begin();
  void begin_in(const std::string& storage_id);
  std::int64_t read_start(store::View& view) const;
  bool send_next(Instant now);
  /// Whether the topic took it.
  bool send(const store::LogEntry& entry);
  /// Whether what is committed now goes with the next message: many small ones would cost all three sides more.
  bool gathers(Instant now) const;
  /// Entries of the log that were not handed to the topic yet.
  std::int64_t unsent() const;
  std::int64_t time_to_wait_ms(Instant now) const;
  bool take_outcomes(std::int64_t wait_ms);
  void set_acknowledged(std::int64_t seq);
  void start_again(const std::string& problem);
  void write_receipt();
  std::string receipt_name() const { return broker_ + " " + storage_id_; }

  const std::string broker_;
  store::Store& publisher_;
  seam::Gate& gate_;
  BrokerPublisher& topic_;
  const Clock& clock_;
  const Options options_;

  std::string storage_id_;   // empty before it has begun
  bool must_rewind_ = true;  // what follows the last acknowledged entry is sent again
  store::LogPosition sent_;
  std::int64_t acknowledged_seq_ = 0;
  std::deque<bool> in_flight_;  // the entries behind that one: whether the broker has them
  std::int64_t receipted_seq_ = 0;
  Instant next_send_;
  Instant next_receipt_;
  GrowingPause pause_;
  bool is_out_of_reach_ = false;

  struct SharedCounts {
    std::atomic<std::int64_t> sent{0};
    std::atomic<std::int64_t> failed{0};
    std::atomic<std::int64_t> refills{0};
    std::atomic<std::int64_t> acknowledged_seq{0};
  } counts_;
};

}  // namespace seamline::events
