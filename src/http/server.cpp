#include "http/server.hpp"

#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <optional>

#include "base/fault.hpp"
#include "http/head.hpp"
#include "http/problem.hpp"
#include "observe/log.hpp"

namespace seamline::http {
namespace {

namespace net = Poco::Net;

constexpr ErrorCode cannot_listen{"http.cannot_listen", Kind::unavailable};

using SteadyClock = std::chrono::steady_clock;

/// How long a system call waits before the server looks whether time is up: a bound on how late a limit or a stop is seen.
constexpr std::int64_t slice_ms = 100;
/// Threads beyond max_connections that do nothing but tell a client that there are too many.
constexpr int refusing_threads = 8;

SteadyClock::time_point after_ms(std::int64_t ms) { return SteadyClock::now() + std::chrono::milliseconds(ms); }

struct Shared {
  Server::Options options;
  HeadLimits limits;
  Server::Handler handler;
  std::atomic<int> connections{0};
  std::atomic<bool> is_stopping{false};
  /// When a stopping server drops what it still receives or sends. Set before is_stopping.
  SteadyClock::time_point stop_deadline;
};

/// The bytes of one connection, each wait bounded. Reads and writes stop when the server does and its patience is over.
class Channel {
 public:
  enum class Outcome : std::uint8_t { ok, closed, timed_out };

  /// `socket` waits at most a slice in each call.
  Channel(int socket, const Shared& shared) : socket_(socket), shared_(shared) {}

  /// What has been received and not been taken yet.
  std::string& buffer() { return buffer_; }

  /// Appends to the buffer what arrives next.
  Outcome receive(SteadyClock::time_point deadline) {
    while (!is_over(deadline)) {
      if (const Outcome outcome = receive_in_slice(); outcome != Outcome::timed_out) return outcome;
    }
    return Outcome::timed_out;
  }
  /// Waits for the first byte of a request. A server that stops ends this wait: nothing has begun yet.
  Outcome await(SteadyClock::time_point deadline) {
    while (buffer_.empty()) {
      if (shared_.is_stopping.load() || SteadyClock::now() >= deadline) return Outcome::timed_out;
      if (receive_in_slice() == Outcome::closed) return Outcome::closed;
    }
    return Outcome::ok;
  }
  bool send(std::string_view bytes, SteadyClock::time_point deadline) {
    while (!bytes.empty()) {
      const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(count));
      } else if (errno != EAGAIN && errno != EINTR) {
        return false;
      }
      if (!bytes.empty() && is_over(deadline)) return false;
    }
    return true;
  }

 private:
  Outcome receive_in_slice() {
    char bytes[16 << 10];
    const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return Outcome::closed;
    if (count < 0) return Outcome::timed_out;
    buffer_.append(bytes, static_cast<std::size_t>(count));
    return Outcome::ok;
  }
  bool is_over(SteadyClock::time_point deadline) const {
    const auto now = SteadyClock::now();
    return now >= deadline || (shared_.is_stopping.load() && now >= shared_.stop_deadline);
  }

  const int socket_;
  const Shared& shared_;
  std::string buffer_;
};

std::string serialise(const Response& response, bool is_head, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.reserve(512 + response.body.size());
  text += reason_phrase(response.status);
  text += "\r\n";
  for (const auto& [name, value] : response.headers.fields()) {
    // A line break in a value would let its author write the rest of the response.
    if (!is_token(name) || has_control_character(value)) continue;
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.status != 304) text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!is_head && response.status != 304) text += response.body;
  return text;
}

Response too_many_connections() {
  Response busy = problem(503, "http.too_many_connections", "All connections are in use; try again in a moment.", {});
  busy.headers.add("Retry-After", "1");
  return busy;
}

class Connection final : public net::TCPServerConnection {
 public:
  Connection(const net::StreamSocket& socket, std::shared_ptr<Shared> shared)
      : TCPServerConnection(socket), shared_(std::move(shared)) {}

  void run() override {
    const int open = shared_->connections.fetch_add(1) + 1;
    try {
      socket().setNoDelay(true);
      socket().setReceiveTimeout(Poco::Timespan(slice_ms * 1000));
      socket().setSendTimeout(Poco::Timespan(slice_ms * 1000));
      Channel channel(socket().impl()->sockfd(), *shared_);
      if (open > shared_->options.max_connections) {
        refuse(channel, too_many_connections());
      } else {
        serve(channel);
      }
    } catch (const Poco::Exception&) {
      // The peer is gone: there is nobody to answer.
    }
    shared_->connections.fetch_sub(1);
  }

 private:
  void serve(Channel& channel) {
    const Server::Options& options = shared_->options;
    for (int served = 0; served < options.max_keep_alive_requests; ++served) {
      const auto patience = after_ms(served == 0 ? options.read_timeout_ms : options.keep_alive_ms);
      if (channel.await(patience) != Channel::Outcome::ok) return;
      auto request = read_request(channel);
      if (!request) {
        if (request.error().status != 0)
          refuse(channel, problem(request.error().status, request.error().code, request.error().detail, {}));
        return;
      }
      const bool is_last = served + 1 == options.max_keep_alive_requests;
      if (!answer(channel, *request, is_last) || is_last) return;
    }
  }

  /// Returns whether the connection may be used again.
  bool answer(Channel& channel, const Head& head, bool is_last) {
    Response response;
    try {
      SEAMLINE_CRASH_POINT("", "request-read");
      response = shared_->handler(head.request);
    } catch (const std::exception& unexpected) {
      observe::log_error("http", head.request.method + " " + head.request.path + " failed: " + unexpected.what());
      response = problem(500, "internal.unexpected", "Something went wrong here.", {});
    }
    const bool keep_alive = head.keep_alive && !is_last && !shared_->is_stopping.load();
    const std::string text = serialise(response, head.request.method == "HEAD", keep_alive);
    return send_reply(channel, text, after_ms(shared_->options.body_timeout_ms)) && keep_alive;
  }

  /// In one piece, but where a test may end the process between two.
  static bool send_reply(Channel& channel, std::string_view text, SteadyClock::time_point deadline) {
#ifdef SEAMLINE_FAULTS
    if (fault::is_watched()) {
      if (!channel.send(text.substr(0, text.size() / 2), deadline)) return false;
      SEAMLINE_CRASH_POINT("", "mid-reply");
      text.remove_prefix(text.size() / 2);
    }
#endif
    return channel.send(text, deadline);
  }

  /// The whole request. A refusal with status 0 has nobody to read it.
  tl::expected<Head, Refusal> read_request(Channel& channel) {
    const auto head_bytes = await_head(channel);
    if (!head_bytes) return tl::unexpected(head_bytes.error());
    std::string& buffer = channel.buffer();
    auto head = parse_head(std::string_view(buffer).substr(0, *head_bytes), shared_->limits);
    buffer.erase(0, *head_bytes);
    if (!head || head->body_bytes == 0) return head;
    if (auto refusal = await_body(channel, *head)) return tl::unexpected(std::move(*refusal));
    // A client that sends one request at a time has sent too much: its length was wrong, and so may be its body.
    if (buffer.size() > head->body_bytes) {
      return tl::unexpected(Refusal{400, "request.body_too_long", "The body has more bytes than its Content-Length."});
    }
    head->request.body = std::move(buffer);
    buffer.clear();
    return head;
  }

  /// Receives until the empty line behind the head, and says where the head ends. The time for it starts with its first byte,
  /// and does not start again with each further one.
  tl::expected<std::size_t, Refusal> await_head(Channel& channel) {
    const auto deadline = after_ms(shared_->options.read_timeout_ms);
    std::string& buffer = channel.buffer();
    for (std::size_t scanned = 0;;) {
      // RFC 9112, section 2.2: an empty line before a request is not a request.
      while (scanned == 0 && buffer.starts_with("\r\n")) buffer.erase(0, 2);
      for (auto end = buffer.find('\n', scanned); end != std::string::npos; end = buffer.find('\n', scanned)) {
        if (end == 0 || buffer[end - 1] != '\r') {
          return tl::unexpected(Refusal{400, "request.malformed_head", "A line of the head does not end with CR and LF."});
        }
        scanned = end + 1;
        if (end >= 3 && buffer[end - 2] == '\n') return check_head_size(scanned, buffer);
      }
      if (buffer.size() > shared_->limits.max_head_bytes) return check_head_size(buffer.size(), buffer);
      const auto outcome = channel.receive(deadline);
      if (outcome == Channel::Outcome::closed) return tl::unexpected(Refusal{0, {}, {}});
      if (outcome == Channel::Outcome::timed_out)
        return tl::unexpected(Refusal{408, "request.timed_out", "The head came too slowly."});
    }
  }
  tl::expected<std::size_t, Refusal> check_head_size(std::size_t size, std::string_view head) const {
    const std::size_t most = shared_->limits.max_head_bytes;
    if (size <= most) return size;
    if (head.find('\n') >= most) return tl::unexpected(Refusal{414, "request.target_too_long", "The request line is too long."});
    return tl::unexpected(Refusal{431, "request.head_too_large", "The head has more than " + std::to_string(most) + " bytes."});
  }

  std::optional<Refusal> await_body(Channel& channel, const Head& head) {
    const auto deadline = after_ms(shared_->options.body_timeout_ms);
    std::string& buffer = channel.buffer();
    if (head.expects_continue && buffer.empty()) channel.send("HTTP/1.1 100 Continue\r\n\r\n", deadline);
    while (buffer.size() < head.body_bytes) {
      const auto outcome = channel.receive(std::min(deadline, after_ms(shared_->options.read_timeout_ms)));
      if (outcome == Channel::Outcome::closed) {
        return Refusal{400, "request.body_cut_short", "The body has fewer bytes than its Content-Length."};
      }
      if (outcome == Channel::Outcome::timed_out)
        return Refusal{408, "request.timed_out", "The body came too slowly, or is cut short."};
    }
    return std::nullopt;
  }

  void refuse(Channel& channel, const Response& response) {
    constexpr std::int64_t patience_ms = 500;
    constexpr std::size_t most_bytes = std::size_t{16} << 20U;
    const auto deadline = after_ms(patience_ms);
    channel.send(serialise(response, false, false), deadline);
    // What the client is still sending is taken in, briefly: a reset would destroy the answer on its way.
    socket().shutdownSend();
    for (std::size_t taken = 0; taken < most_bytes && SteadyClock::now() < deadline; taken += channel.buffer().size()) {
      channel.buffer().clear();
      if (channel.receive(deadline) != Channel::Outcome::ok) return;
    }
  }

  std::shared_ptr<Shared> shared_;
};

class Connections final : public net::TCPServerConnectionFactory {
 public:
  explicit Connections(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  net::TCPServerConnection* createConnection(const net::StreamSocket& socket) override { return new Connection(socket, shared_); }

 private:
  std::shared_ptr<Shared> shared_;
};

}  // namespace

class Server::Impl {
 public:
  Impl(const Options& options, Handler handler)
      : shared_(std::make_shared<Shared>()),
        pool_("http", 2, options.max_connections + refusing_threads + 1),
        socket_(bind(options)) {
    shared_->options = options;
    shared_->limits = {options.max_head_bytes, options.max_target_bytes, options.max_header_fields, options.max_body_bytes};
    shared_->handler = std::move(handler);
    auto* parameters = new net::TCPServerParams;  // the server below owns it
    parameters->setMaxThreads(options.max_connections + refusing_threads);
    parameters->setMaxQueued(options.max_connections + refusing_threads);
    // A thread that ends a connection just while the server stops is not woken (Poco 1.11): it holds the stop up for this long.
    parameters->setThreadIdleTime(Poco::Timespan(slice_ms * 1000));
    server_ = std::make_unique<net::TCPServer>(new Connections(shared_), pool_, socket_, parameters);
    server_->setConnectionFilter(new Filter(*server_, options.max_connections + refusing_threads));
    server_->start();
  }

  std::uint16_t port() const { return server_->port(); }

  void stop() {
    if (is_stopped_.exchange(true)) return;
    shared_->stop_deadline = after_ms(shared_->options.stop_timeout_ms);
    shared_->is_stopping.store(true);
    server_->stop();
    pool_.joinAll();
  }

 private:
  /// Answers what Poco would drop without a word: a connection for which there is no thread, not even one to refuse it with
  /// patience. The thread that accepts must not wait, so a client that is still sending may miss this answer.
  class Filter final : public net::TCPServerConnectionFilter {
   public:
    Filter(net::TCPServer& server, int max_threads) : server_(server), max_threads_(max_threads) {}
    bool accept(const net::StreamSocket& socket) override {
      if (server_.currentConnections() + server_.queuedConnections() < max_threads_) return true;
      const std::string text = serialise(too_many_connections(), false, false);
      net::StreamSocket refused(socket);
      try {
        refused.sendBytes(text.data(), static_cast<int>(text.size()));
        refused.shutdownSend();
      } catch (const Poco::Exception&) {
        // It has gone already.
      }
      return false;
    }

   private:
    net::TCPServer& server_;
    const int max_threads_;
  };

  static net::ServerSocket bind(const Options& options) {
    net::ServerSocket socket;
    // Without SO_REUSEPORT, which Poco would set beside SO_REUSEADDR: two servers would share the port and its clients.
    socket.bind(net::SocketAddress(options.host, options.port), true, false);
    socket.listen(1024);
    return socket;
  }

  std::shared_ptr<Shared> shared_;
  std::atomic<bool> is_stopped_{false};
  Poco::ThreadPool pool_;
  net::ServerSocket socket_;
  std::unique_ptr<net::TCPServer> server_;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() { stop(); }

Result<std::unique_ptr<Server>> Server::start(const Options& options, Handler handler) {
  try {
    return std::unique_ptr<Server>(new Server(std::make_unique<Impl>(options, std::move(handler))));
  } catch (const Poco::Exception& problem) {
    return fail(cannot_listen, "Cannot listen on " + options.host + ":" + std::to_string(options.port) + " (" +
                                   problem.displayText() + "). Stop what uses the port, or choose another one.");
  }
}

std::uint16_t Server::port() const { return impl_->port(); }
void Server::stop() { impl_->stop(); }

}  // namespace seamline::http
