#include "http/closed_loop.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/StreamSocket.h>
#include <Poco/URI.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <vector>

#include "http/response_reader.hpp"

namespace seamline::http {
namespace {

constexpr ErrorCode unavailable{"call.unavailable", Kind::unavailable};

std::string serialise(const Request& request, const std::string& authority) {
  std::string text = request.method + " " + request.path;
  if (!request.query.empty()) text += "?" + request.query;
  text += " HTTP/1.1\r\nHost: " + authority + "\r\nContent-Length: " + std::to_string(request.body.size()) + "\r\n";
  for (const auto& [name, value] : request.headers.fields()) text.append(name).append(": ").append(value).append("\r\n");
  return text + "\r\n" + request.body;
}

/// A client with its connection.
struct Client {
  explicit Client(const ClosedLoop::Options& options) : reader({.max_body_bytes = options.max_reply_bytes}) {}

  std::unique_ptr<Poco::Net::StreamSocket> socket;
  ResponseReader reader;
  Instant sent_at;
  bool is_waiting = false;
};

/// The clients of one run.
class Run {
 public:
  Run(const std::string& url, const ClosedLoop::Options& options, const Clock& clock, const ClosedLoop::Next& next,
      const ClosedLoop::Done& done)
      : options_(options),
        clock_(clock),
        next_(next),
        done_(done),
        address_(address_of(url)),
        authority_(address_.toString()),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    clients_.reserve(options.clients);  // epoll holds their addresses
    for (std::size_t i = 0; i < options.clients; ++i) clients_.emplace_back(options);
  }
  ~Run() { ::close(epoll_); }
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  void run() {
    for (Client& client : clients_) send_next(client);
    std::array<epoll_event, 64> events{};
    while (waiting_ > 0) {
      const int ready = ::epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), 100);
      for (int i = 0; i < ready; ++i) receive(*static_cast<Client*>(events[static_cast<std::size_t>(i)].data.ptr));
      if (ready == 0) give_up_late_ones();
    }
  }

 private:
  static Poco::Net::SocketAddress address_of(const std::string& url) {
    const Poco::URI uri(url);
    return {uri.getHost(), uri.getPort()};
  }

  void connect(Client& client) {
    client.socket = std::make_unique<Poco::Net::StreamSocket>();
    client.socket->connect(address_, Poco::Timespan(5, 0));
    client.socket->setNoDelay(true);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = &client;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, client.socket->impl()->sockfd(), &event);
  }

  void send_next(Client& client) {
    const auto request = next_();
    if (!request) return;
    if (!client.socket) connect(client);
    const std::string text = serialise(*request, authority_);
    client.sent_at = clock_.monotonic();
    client.reader.begin(request->method == "HEAD");
    client.is_waiting = true;
    ++waiting_;
    // A request is small: it fits into the socket's buffer, so that this never waits. Where it does not go out whole, the
    // connection is ended, and its end is received like any other.
    const auto sent = ::send(client.socket->impl()->sockfd(), text.data(), text.size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(text.size())) ::shutdown(client.socket->impl()->sockfd(), SHUT_RDWR);
  }

  void receive(Client& client) {
    if (!client.socket) return;
    std::array<char, 16'384> part{};
    const ssize_t count = ::recv(client.socket->impl()->sockfd(), part.data(), part.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (!client.is_waiting) return client.socket.reset();  // the end of an idle connection
    if (count < 0) return fail(client);
    const auto state =
        count == 0 ? client.reader.end_of_stream() : client.reader.append({part.data(), static_cast<std::size_t>(count)});
    if (state == ResponseReader::State::unfinished) return;
    if (state == ResponseReader::State::broken) return fail(client);
    if (!client.reader.keeps_alive()) client.socket.reset();
    Response& response = client.reader.response();
    end(client, {response.status, std::move(response.body), 0});
  }

  void fail(Client& client) {
    client.socket.reset();
    end(client, {});
  }

  void end(Client& client, ClosedLoop::Outcome outcome) {
    client.is_waiting = false;
    --waiting_;
    outcome.latency_ns = clock_.monotonic().ns - client.sent_at.ns;
    done_(outcome);
    send_next(client);
  }

  void give_up_late_ones() {
    const Instant now = clock_.monotonic();
    for (Client& client : clients_) {
      if (client.is_waiting && client.sent_at.ms_until(now) > options_.answer_timeout_ms) fail(client);
    }
  }

  const ClosedLoop::Options options_;
  const Clock& clock_;
  const ClosedLoop::Next& next_;
  const ClosedLoop::Done& done_;
  const Poco::Net::SocketAddress address_;
  const std::string authority_;
  const int epoll_;
  std::vector<Client> clients_;
  std::size_t waiting_ = 0;
};

}  // namespace

Result<void> ClosedLoop::run(const Next& next, const Done& done) {
  try {
    Run(url_, options_, clock_, next, done).run();
    return {};
  } catch (const Poco::Exception& problem) {
    return fail(unavailable, url_ + " cannot be reached: " + problem.displayText() + ".");
  }
}

}  // namespace seamline::http
