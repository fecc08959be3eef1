#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "http/message.hpp"

namespace seamline::http {

/// A fixed number of clients in one thread: each sends a request, waits for its answer, and sends the next, on a connection of
/// its own. It costs little, so that what is measured with it is the server and not the client.
class ClosedLoop {
 public:
  struct Options {
    std::size_t clients = 64;
    /// How long one answer may take; then the client gives up on it and connects anew.
    std::int64_t answer_timeout_ms = 60'000;
    /// Of an answer's body; a larger one counts as none.
    std::size_t max_reply_bytes = std::size_t{1} << 20U;
  };
  struct Outcome {
    /// 0 where no whole answer came; whether the request ran is then unknown.
    int status = 0;
    std::string body;
    std::int64_t latency_ns = 0;
  };
  /// The next request of whichever client is free; empty once there are no more.
  using Next = std::function<std::optional<Request>()>;
  using Done = std::function<void(const Outcome&)>;

  /// `url` is `http://host:port`. `clock` exists and outlives the loop.
  ClosedLoop(std::string url, Options options, const Clock& clock) : url_(std::move(url)), options_(options), clock_(clock) {}

  /// Runs until `next` has no more requests and each has had its outcome. Calls both on this thread.
  /// Errors: call.unavailable where no connection can be made.
  Result<void> run(const Next& next, const Done& done);

 private:
  const std::string url_;
  const Options options_;
  const Clock& clock_;
};

}  // namespace seamline::http
