#include "http/client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <optional>

#include "base/clock.hpp"
#include "base/fault.hpp"
#include "http/response_reader.hpp"

namespace seamline::http {
namespace {

namespace net = Poco::Net;

constexpr ErrorCode unavailable{"call.unavailable", Kind::unavailable};
constexpr ErrorCode timed_out{"call.deadline_exceeded", Kind::deadline_exceeded};
constexpr ErrorCode bad_reply{"call.bad_reply", Kind::unavailable};
constexpr ErrorCode bad_header{"request.bad_header", Kind::malformed};

/// Most answers come within this time: a receive that waits for them costs one system call, and a wait that can be interrupted
/// costs one more. It bounds how late an interruption is seen.
constexpr std::int64_t quick_answer_ms = 20;

constexpr std::string_view no_longer_waited_for = "is no longer waited for.";

/// The time limits of a socket are real time, which no test steps.
Instant now() { return Clock::system().monotonic(); }

}  // namespace

class Client::Impl {
 public:
  Impl(const std::string& url, const Options& options)
      : url_(url),
        options_(options),
        reader_({.max_head_bytes = options.max_head_bytes, .max_body_bytes = options.max_reply_bytes}),
        interruption_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Impl() {
    if (interruption_ >= 0) ::close(interruption_);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const Options& options() const { return options_; }
  bool is_connected() const { return socket_.has_value(); }
  void interrupt() {
    is_interrupted_.store(true);
    const std::uint64_t one = 1;
    // It can only fail where the counter is full: then it has been interrupted already.
    [[maybe_unused]] const ssize_t written = ::write(interruption_, &one, sizeof one);
  }

  Result<Response> send(const Request& request, const TimeLimits& time) {
    deadline_ = now().plus_ms(time.total_ms);
    is_reading_only_ = request.method == "GET" || request.method == "HEAD";
    has_sent_ = false;
    // Between two answers a server says nothing: what can be read is the end of the connection, or what no request asked for.
    if (socket_ && is_readable()) socket_.reset();
    if (!socket_) {
      if (auto connected = connect(time); !connected) return fail(std::move(connected.error()));
    }
    if (is_interrupted_.load()) return failed(unavailable, no_longer_waited_for);
    if (auto written = serialise(request); !written) return fail(std::move(written.error()));
    const bool is_whole = send_text();
    SEAMLINE_CRASH_POINT("", "request-sent");
    reader_.begin(request.method == "HEAD");
    // Even where the request did not go out whole, the server may have said why.
    auto response = receive(time.first_byte_ms);
    if (!response || !is_whole || !reader_.keeps_alive()) socket_.reset();
    return response;
  }

 private:
  enum class Wait : std::uint8_t { ready, timed_out, interrupted };

  /// Waits until the socket can be read or written, whatever that will show.
  Wait wait_for(short events, Instant until) const {
    for (;;) {
      const std::int64_t left_ns = until.ns - now().ns;
      if (left_ns <= 0) return Wait::timed_out;
      const auto left_ms = std::min<std::int64_t>(left_ns / 1'000'000 + 1, 60'000);
      std::array<pollfd, 2> waiting{pollfd{socket_->impl()->sockfd(), events, 0}, pollfd{interruption_, POLLIN, 0}};
      const int ready = ::poll(waiting.data(), waiting.size(), static_cast<int>(left_ms));
      if (ready > 0) return waiting[1].revents != 0 ? Wait::interrupted : Wait::ready;
    }
  }

  /// Whether there is something to read now; the end of the connection counts.
  bool is_readable() const {
    pollfd waiting{socket_->impl()->sockfd(), POLLIN, 0};
    return ::poll(&waiting, 1, 0) != 0;
  }

  Result<void> connect(const TimeLimits& time) {
    try {
      const Poco::URI uri(url_);
      if (uri.getScheme() != "http") return failed(unavailable, "is no address of the form http://host:port.");
      authority_ = uri.getAuthority();
      const net::SocketAddress address(uri.getHost(), uri.getPort());
      const std::int64_t left_ms = std::min(time.connect_ms, now().ms_until(deadline_));
      if (left_ms <= 0) return failed(timed_out, "was not connected to in time.");
      socket_.emplace();
      socket_->connect(address, Poco::Timespan(left_ms * 1000));
      socket_->setNoDelay(true);
      socket_->setReceiveTimeout(Poco::Timespan(quick_answer_ms * 1000));
      return {};
    } catch (const Poco::Exception& problem) {
      socket_.reset();
      if (now() >= deadline_) return failed(timed_out, "was not connected to in time.");
      return failed(unavailable, "cannot be reached: " + problem.displayText() + ".");
    }
  }

  /// Head and body in one text, so that they leave in one segment where they fit.
  Result<void> serialise(const Request& request) {
    text_.clear();
    text_.append(request.method).append(" ").append(request.path);
    if (!request.query.empty()) text_.append("?").append(request.query);
    text_.append(" HTTP/1.1\r\nHost: ").append(authority_);
    if (!request.body.empty() || !is_reading_only_)
      text_.append("\r\nContent-Length: ").append(std::to_string(request.body.size()));
    for (const auto& [name, value] : request.headers.fields()) {
      // A line break in a value would let its author write the rest of the request, and so would a length of their own.
      if (!is_token(name) || is_framing_header(name) || has_control_character(value))
        return failed(bad_header, "was sent nothing: a header is malformed, or is one that the client writes itself.");
      text_.append("\r\n").append(name).append(": ").append(value);
    }
    text_.append("\r\n\r\n").append(request.body);
    return {};
  }

  /// Returns whether all of it was sent. A server that answers before it has taken all needs no more.
  bool send_text() {
    std::string_view rest = text_;
    while (!rest.empty()) {
      const ssize_t count = ::send(socket_->impl()->sockfd(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) {
        has_sent_ = true;
        rest.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno != EAGAIN && errno != EINTR) {
        return false;
      } else if (wait_for(POLLIN | POLLOUT, deadline_) != Wait::ready || is_readable()) {
        return false;
      }
    }
    return true;
  }

  Result<Response> receive(std::int64_t first_byte_ms) {
    const Instant first_byte_deadline = std::min(deadline_, now().plus_ms(first_byte_ms));
    for (bool is_first = true;; is_first = false) {
      const Instant until = reader_.has_begun() ? deadline_ : first_byte_deadline;
      const bool is_quick = is_first && now().ms_until(until) > quick_answer_ms;
      switch (is_quick ? Wait::ready : wait_for(POLLIN, until)) {
        case Wait::timed_out: return failed(timed_out, "did not answer in time.");
        case Wait::interrupted: return failed(unavailable, no_longer_waited_for);
        case Wait::ready: break;
      }
      std::array<char, 16'384> part;
      const ssize_t count = ::recv(socket_->impl()->sockfd(), part.data(), part.size(), is_quick ? 0 : MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
      if (count <= 0 && !reader_.has_begun()) return failed(unavailable, "ended the connection without an answer.");
      if (count < 0) return failed(bad_reply, "gave an answer that cannot be used: it is cut short.");
      const auto state = count == 0 ? reader_.end_of_stream() : reader_.append({part.data(), static_cast<std::size_t>(count)});
      if (state == ResponseReader::State::finished) return std::move(reader_.response());
      if (state == ResponseReader::State::broken) {
        return failed(bad_reply, "gave an answer that cannot be used: " + reader_.fault() + ".");
      }
    }
  }

  tl::unexpected<Error> failed(const ErrorCode& code, std::string_view what) const {
    auto error = fail(code, url_ + " " + std::string(what));
    error.value().may_have_run = has_sent_;
    error.value().retryable = code.kind != Kind::malformed && (!has_sent_ || is_reading_only_);
    return error;
  }

  const std::string url_;
  const Options options_;
  std::optional<net::StreamSocket> socket_;
  std::string authority_;
  /// The request, head and body. Kept from one to the next, so that it grows once.
  std::string text_;
  ResponseReader reader_;
  /// Of the request under way.
  Instant deadline_;
  bool is_reading_only_ = false;
  bool has_sent_ = false;
  /// Readable once and for all after interrupt(). Where there was none left to be had, interrupting has no effect.
  const int interruption_;
  std::atomic<bool> is_interrupted_{false};
};

Client::Client(const std::string& url, Options options) : impl_(std::make_unique<Impl>(url, options)) {}
Client::~Client() = default;
Result<Response> Client::send(const Request& request, const TimeLimits& time) { return impl_->send(request, time); }
Result<Response> Client::send(const Request& request) { return impl_->send(request, impl_->options().time); }
void Client::interrupt() { impl_->interrupt(); }
bool Client::is_connected() const { return impl_->is_connected(); }

}  // namespace seamline::http
