#pragma once

#include "host/host.hpp"
#include "inventory/contract.hpp"
#include "order/contract.hpp"
#include "payment/contract.hpp"
#include "support/manual_clock.hpp"
#include "support/stand_in.hpp"
#include "support/store_rows.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_storage.hpp"
#include "user/contract.hpp"

namespace seamline::test {

/// One real module among stand-ins. The test says what they publish, in whatever order it likes; the module hears it through
/// its own consumers. Single-threaded.
class Stage {
 public:
  /// How events reach the module: handed over as typed values, or read from the log as bytes.
  enum class Hearing : std::uint8_t { typed, bytes };

  /// `modules`: the real one and its stand-ins.
  explicit Stage(std::vector<host::ModuleSpec> modules, Hearing hearing = Hearing::typed)
      : modules_(std::move(modules)), hearing_(hearing) {
    start();
  }

  void start() {
    host::HostOptions options;
    options.data_dir = folder_.path();
    options.threads = false;
    for (const auto& spec : modules_) options.storage[spec.name] = storage_for(options.data_dir / spec.name);
    options.timers.grace_ms = 0;
    options.timers.stall_ms = INT64_MAX / 2'000'000;
    // Nothing fits into an empty queue, so that the consumers read the log: what it holds is bytes.
    if (hearing_ == Hearing::bytes) options.consumer_queue_entries = 0;
    host_ = std::make_unique<host::Host>(options, clock, random_);
    for (const auto& spec : modules_) {
      if (auto added = host_->add(spec); !added) throw std::runtime_error(added.error().detail);
    }
  }
  /// Connects all. Ports of the test's own are asked for before.
  void open() {
    host_->start();
    settle();
  }
  void restart() {
    host_.reset();
    start();
    open();
  }
  void settle() {
    if (!host_->run_until_quiet()) throw std::runtime_error("the stage does not come to rest");
  }

  /// Has the stand-in of the event's module publish it, without letting anything follow yet.
  template <Event E>
  void publish(const E& event) {
    (void)host_->store_of(E::type.module).write(CallContext{}, [&](store::Transaction& transaction) -> Result<void> {
      transaction.publish(event);
      return {};
    });
  }
  template <Event E>
  void say(const E& event) {
    publish(event);
    settle();
  }
  /// How often the module has published E.
  template <Event E>
  std::int64_t heard_of(const std::string& subject) {
    return look_into(host_->store_of(E::type.module), [&](store::Connection& rows) {
      auto row = rows.query("SELECT count(*) FROM event_log WHERE type = $1 AND subject = $2", E::type.full_name(), subject);
      row.next();
      return row.integer(0);
    });
  }

  host::Host& host() { return *host_; }
  store::Store& store_of(const std::string& module) { return host_->store_of(module); }

  ManualClock clock;

 private:
  TemporaryFolder folder_;
  SeededRandom random_{1};
  const std::vector<host::ModuleSpec> modules_;
  const Hearing hearing_;
  std::unique_ptr<host::Host> host_;
};

/// Calls `play(sequence)` for every order of the events, each of them a function that lets it happen.
template <class Play>
void for_every_order_of(std::vector<std::string> names, Play play) {
  std::sort(names.begin(), names.end());
  do {
    play(names);
  } while (std::next_permutation(names.begin(), names.end()));
}

inline std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace seamline::test
