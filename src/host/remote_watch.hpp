#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "base/loop.hpp"
#include "http/client.hpp"
#include "http/endpoints.hpp"

namespace seamline::host {

/// How a module elsewhere is doing, as far as it can be seen from here.
enum class RemoteHealth : std::uint8_t { unknown, well, down, mismatched };

/// Looks after one module that runs elsewhere: first that it speaks the contract that this process was built with, then, now and
/// again, that it is ready. A loop; what it has seen may be asked from any thread.
class RemoteWatch final : public Loop {
 public:
  struct Options {
    /// Between two looks, in milliseconds: until the module was first well, and after that.
    std::int64_t first_poll_ms = 25;
    std::int64_t poll_ms = 2'000;
    std::int64_t timeout_ms = 1'000;
  };
  /// Whether the contract document that the module answers has all that is needed here.
  using CheckContract = std::function<Result<void>(std::string_view document)>;

  /// `endpoints` and `clock` exist and outlive it.
  RemoteWatch(std::string module, http::Endpoints& endpoints, CheckContract check, const Clock& clock, Options options);

  /// Looks once where it is time. Never counts as work: the thread around it sleeps between two looks.
  bool step() override;

  /// Ends a look that is under way, and all later ones at once: before the thread around it is stopped. Thread-safe.
  void finish();

  const std::string& module() const { return module_; }
  RemoteHealth health() const { return health_.load(); }
  /// Whether the handshake has succeeded once: what a host waits for before it calls itself ready.
  bool has_answered() const { return has_answered_.load(); }
  /// What is wrong; empty while nothing is.
  std::string detail() const;

 private:
  void look();
  Result<std::string> get(const std::string& path);
  Result<void> choose_instance();
  void set(RemoteHealth health, std::string detail);

  const std::string module_;
  const CheckContract check_;
  const Clock& clock_;
  const Options options_;
  http::Endpoints& endpoints_;
  std::string url_;
  std::unique_ptr<http::Client> client_;
  Instant next_look_;
  bool was_well_ = false;
  std::atomic<RemoteHealth> health_{RemoteHealth::unknown};
  std::atomic<bool> has_answered_{false};
  mutable std::mutex mutex_;  // guards what stands below, and the changing of client_
  bool is_finished_ = false;
  std::string detail_ = "has not answered yet";
};

}  // namespace seamline::host
