#include "http/server.hpp"

#include <Poco/Net/HTTPHeaderStream.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnection.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <optional>
#include <thread>

#include "http/problem.hpp"
#include "observe/log.hpp"

namespace seamline::http {
namespace {

namespace net = Poco::Net;

constexpr ErrorCode cannot_listen{"http.cannot_listen", Kind::unavailable};

struct Shared {
  Server::Options options;
  Server::Handler handler;
  std::atomic<bool> is_stopping{false};
};

/// A refusal of what only the protocol knows. The connection is closed after it.
struct Refusal {
  int status;
  std::string code;
  std::string detail;
};

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

std::optional<std::size_t> read_length(std::string_view text) {
  std::size_t length = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return length;
}

/// What is wrong with a head, whatever the route (RFC 9112, sections 3.2, 5.1 and 6.3; RFC 9110, section 9.3).
std::optional<Refusal> check_head(const Request& request, std::string_view version, const Server::Options& options) {
  const Headers& headers = request.headers;
  for (const auto& [name, value] : headers.fields()) {
    if (!is_token(name)) return Refusal{400, "request.bad_header", "A header's name holds characters that no name may have."};
    if (has_control_character(value)) return Refusal{400, "request.bad_header", "A header's value holds control characters."};
  }
  if (headers.count("Host") != 1 && version == "HTTP/1.1") return Refusal{400, "request.bad_host", "A request has one Host header."};
  if (request.path.size() + request.query.size() > options.max_target_bytes) {
    return Refusal{414, "request.target_too_long", "The target is longer than " + std::to_string(options.max_target_bytes) + " bytes."};
  }
  if (!request.path.starts_with('/')) return Refusal{400, "request.bad_target", "The target must be a path that starts with '/'."};
  if (headers.has("Transfer-Encoding")) {
    return Refusal{411, "request.length_required", "Send the body with a Content-Length; chunked bodies are not read here."};
  }
  if (headers.count("Content-Length") > 1) return Refusal{400, "request.bad_length", "More than one Content-Length."};
  if (headers.has("Content-Length") && !read_length(headers.get("Content-Length"))) {
    return Refusal{400, "request.bad_length", "The Content-Length is no number of bytes."};
  }
  const bool wants_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (wants_body && !headers.has("Content-Length")) {
    return Refusal{411, "request.length_required", "A " + request.method + " needs a Content-Length, 0 where it has no body."};
  }
  const std::size_t length = read_length(headers.get("Content-Length")).value_or(0);
  if (length > options.max_body_bytes) {
    return Refusal{413, "request.too_large", "The body has " + std::to_string(length) + " bytes; at most " +
                                                 std::to_string(options.max_body_bytes) + " are read."};
  }
  return std::nullopt;
}

/// The session's buffered reads and writes, which Poco keeps to subclasses.
class Session final : public net::HTTPServerSession {
 public:
  using HTTPServerSession::HTTPServerSession;
  bool has_buffered() const { return buffered() > 0; }

  /// Reads exactly `length` bytes; fewer where the peer stops sending.
  std::string read_body(std::size_t length) {
    std::string body(length, '\0');
    std::size_t filled = 0;
    while (filled < length) {
      const int part = read(body.data() + filled, static_cast<std::streamsize>(length - filled));
      if (part <= 0) break;
      filled += static_cast<std::size_t>(part);
    }
    body.resize(filled);
    return body;
  }
  void write_all(const std::string& bytes) {
    for (std::size_t sent = 0; sent < bytes.size();) {
      sent += static_cast<std::size_t>(write(bytes.data() + sent, static_cast<std::streamsize>(bytes.size() - sent)));
    }
  }
};

std::string serialise(const Response& response, bool is_head, bool keep_alive) {
  std::string text = "HTTP/1.1 " + std::to_string(response.status) + " ";
  text.reserve(512 + response.body.size());
  text += reason_phrase(response.status);
  text += "\r\n";
  for (const auto& [name, value] : response.headers.fields()) {
    // A line break in a value would let its author write the rest of the response.
    if (has_control_character(value)) continue;
    text.append(name).append(": ").append(value).append("\r\n");
  }
  if (response.status != 304) text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
  text += keep_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n";
  if (!is_head && response.status != 304) text += response.body;
  return text;
}

class Connection final : public net::TCPServerConnection {
 public:
  Connection(const net::StreamSocket& socket, std::shared_ptr<Shared> shared)
      : TCPServerConnection(socket), shared_(std::move(shared)) {}

  void run() override {
    try {
      const Server::Options& options = shared_->options;
      socket().setNoDelay(true);
      socket().setReceiveTimeout(Poco::Timespan(options.read_timeout_ms * 1000));
      socket().setSendTimeout(Poco::Timespan(options.read_timeout_ms * 1000));
      Session session(socket(), new net::HTTPServerParams);
      for (int served = 0; served < options.max_keep_alive_requests; ++served) {
        if (!wait_for_request(session, served == 0) || !serve_one(session)) break;
      }
    } catch (const Poco::Exception&) {
      // The peer is gone, or silent for too long: there is nobody to answer.
    }
  }

 private:
  /// Waits in slices, so that a server that stops does not wait for idle clients.
  bool wait_for_request(Session& session, bool is_first) {
    if (session.has_buffered()) return true;
    constexpr std::int64_t slice_ms = 100;
    const std::int64_t patience_ms = is_first ? shared_->options.read_timeout_ms : shared_->options.keep_alive_ms;
    for (std::int64_t waited_ms = 0; waited_ms < patience_ms; waited_ms += slice_ms) {
      if (shared_->is_stopping.load()) return false;
      if (socket().poll(Poco::Timespan(slice_ms * 1000), net::Socket::SELECT_READ)) return true;
    }
    return false;
  }

  /// Returns whether the connection may be used again.
  bool serve_one(Session& session) {
    Request request;
    std::string version;
    bool keep_alive = false;
    if (auto refusal = read_head(session, request, version, keep_alive)) return refuse(session, *refusal);
    if (auto refusal = check_head(request, version, shared_->options)) return refuse(session, *refusal);
    const std::size_t length = read_length(request.headers.get("Content-Length")).value_or(0);
    if (length > 0) {
      if (equal_ignoring_case(request.headers.get("Expect"), "100-continue")) session.write_all("HTTP/1.1 100 Continue\r\n\r\n");
      request.body = session.read_body(length);
      if (request.body.size() != length) {
        return refuse(session, {400, "request.body_cut_short", "The body has fewer bytes than its Content-Length."});
      }
      // A client that sends one request at a time has sent too much: its length was wrong, and so may be its body.
      if (session.has_buffered()) return refuse(session, {400, "request.body_too_long", "The body has more bytes than its Content-Length."});
    }
    const Response response = shared_->handler(request);
    keep_alive = keep_alive && !shared_->is_stopping.load();
    session.write_all(serialise(response, request.method == "HEAD", keep_alive));
    return keep_alive;
  }

  std::optional<Refusal> read_head(Session& session, Request& request, std::string& version, bool& keep_alive) {
    net::HTTPRequest head;
    head.setFieldLimit(shared_->options.max_header_fields);
    try {
      net::HTTPHeaderInputStream stream(session);
      head.read(stream);
    } catch (const net::NoMessageException&) {
      throw;
    } catch (const net::MessageException& bad) {
      const bool too_many = bad.message().find("many") != std::string::npos;
      return too_many ? Refusal{431, "request.too_many_headers", "Too many header fields."}
                      : Refusal{400, "request.malformed_head", "The request line or a header cannot be read."};
    }
    request.method = head.getMethod();
    version = head.getVersion();
    keep_alive = head.getKeepAlive();
    const std::string& target = head.getURI();
    const auto question = target.find('?');
    request.path = target.substr(0, question);
    if (question != std::string::npos) request.query = target.substr(question + 1);
    for (const auto& [name, value] : head) request.headers.add(name, value);
    return std::nullopt;
  }

  static bool refuse(Session& session, const Refusal& refusal) {
    session.write_all(serialise(problem(refusal.status, refusal.code, refusal.detail, {}), false, false));
    // What the client is still sending is taken in, briefly: a reset would destroy the answer on its way.
    session.socket().shutdownSend();
    session.socket().setReceiveTimeout(Poco::Timespan(200'000));
    try {
      char rest[4096];
      for (int reads = 0; reads < 64 && session.socket().receiveBytes(rest, sizeof rest) > 0; ++reads) {
      }
    } catch (const Poco::Exception&) {
    }
    return false;
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
      : shared_(std::make_shared<Shared>()), pool_("http", 2, options.max_connections + 1), socket_(bind(options)) {
    shared_->options = options;
    shared_->handler = std::move(handler);
    auto* parameters = new net::TCPServerParams;  // the server below owns it
    parameters->setMaxThreads(options.max_connections);
    parameters->setMaxQueued(options.max_connections);
    parameters->setThreadIdleTime(Poco::Timespan(10, 0));
    server_ = std::make_unique<net::TCPServer>(new Connections(shared_), pool_, socket_, parameters);
    server_->setConnectionFilter(new Filter(*server_, options.max_connections));
    server_->start();
  }

  std::uint16_t port() const { return server_->port(); }

  void stop() {
    if (shared_->is_stopping.exchange(true)) return;
    server_->stop();
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(shared_->options.stop_timeout_ms);
    while (server_->currentConnections() > 0 && std::chrono::steady_clock::now() < give_up) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    pool_.joinAll();
  }

 private:
  /// Answers what Poco would drop without a word: a connection for which there is no thread.
  class Filter final : public net::TCPServerConnectionFilter {
   public:
    Filter(net::TCPServer& server, int max_connections) : server_(server), max_connections_(max_connections) {}
    bool accept(const net::StreamSocket& socket) override {
      if (server_.currentConnections() + server_.queuedConnections() < max_connections_) return true;
      Response busy = problem(503, "http.too_many_connections", "All connections are in use; try again in a moment.", {});
      busy.headers.add("Retry-After", "1");
      const std::string text = serialise(busy, false, false);
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
    const int max_connections_;
  };

  static net::ServerSocket bind(const Options& options) {
    net::ServerSocket socket;
    socket.bind(net::SocketAddress(options.host, options.port), true);
    socket.listen(1024);
    return socket;
  }

  std::shared_ptr<Shared> shared_;
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
    return fail(cannot_listen, "Cannot listen on " + options.host + ":" + std::to_string(options.port) + " (" + problem.displayText() +
                                   "). Stop what uses the port, or choose another one.");
  }
}

std::uint16_t Server::port() const { return impl_->port(); }
void Server::stop() { impl_->stop(); }

}  // namespace seamline::http
