#pragma once

#include <memory>
#include <mutex>

#include "events/log_source.hpp"
#include "http/client.hpp"
#include "http/endpoints.hpp"
#include "security/service_tokens.hpp"

namespace seamline::events {

/// A log of a module elsewhere, read over HTTP (decisions/0012) by one subscriber. What comes is believed only as far as it
/// continues the cursor: the log's id, the epoch, the sequence and the hash of each entry. One connection, kept alive. Not
/// thread-safe, but for interrupt().
class HttpLogSource final : public LogSource {
 public:
  struct Options {
    std::size_t max_answer_bytes = std::size_t{8} << 20U;
    std::int64_t connect_timeout_ms = 1'000;
    /// How long an answer may take to begin, beyond what it was allowed to wait; and how long the rest of it may take.
    std::int64_t answer_timeout_ms = 5'000;
    /// The longest wait that will be asked for.
    std::int64_t max_wait_ms = 30'000;
  };

  /// Both exist and outlive the source. `tokens` prove the subscriber; null where nobody has to.
  HttpLogSource(std::string publisher, http::Endpoints& endpoints, Options options, security::ServiceTokens* tokens = nullptr);
  /// The same over an exchange of the caller's, which exists and outlives it, instead of a connection of its own. What waits
  /// there is not interrupted.
  HttpLogSource(std::string publisher, http::Endpoints& endpoints, Options options, http::Exchange& exchange);
  ~HttpLogSource() override;

  Result<LogRead> read(const store::LogPosition& after, std::int64_t limit, std::int64_t wait_ms) override;
  std::int64_t head_seq() override { return head_seq_; }
  Result<void> send_receipt(const std::string& subscriber, std::int64_t seq) override;
  void interrupt() override;

 private:
  /// `wait_ms`: how long the publisher may hold the request.
  Result<http::Response> send(http::Request request, std::int64_t wait_ms);
  Result<http::Response> carry(const std::string& url, const http::Request& request, const http::TimeLimits& time);
  /// The connection to `url`. Errors: events.unavailable once it is interrupted.
  Result<std::shared_ptr<http::Client>> client_to(const std::string& url);

  const std::string publisher_;
  http::Endpoints& endpoints_;
  const Options options_;
  security::ServiceTokens* const tokens_;
  http::Exchange* const exchange_ = nullptr;
  std::int64_t head_seq_ = 0;

  std::mutex mutex_;  // guards what interrupt() needs, below
  std::string url_;
  std::shared_ptr<http::Client> client_;
  bool is_interrupted_ = false;
};

}  // namespace seamline::events
