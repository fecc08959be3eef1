#include "http/client.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/URI.h>

#include <istream>
#include <ostream>

namespace seamline::http {
namespace {

namespace net = Poco::Net;

constexpr ErrorCode unavailable{"call.unavailable", Kind::unavailable};

std::string read_up_to(std::istream& stream, std::size_t most) {
  std::string body;
  char part[8192];
  while (body.size() <= most && stream) {
    stream.read(part, sizeof part);
    body.append(part, static_cast<std::size_t>(stream.gcount()));
  }
  return body;
}

}  // namespace

class Client::Impl {
 public:
  Impl(const std::string& url, Options options) : url_(url), options_(options) {}

  Result<Response> send(const Request& request) {
    bool is_connected = false;
    try {
      if (!session_ || is_stale()) connect();
      is_connected = session_->connected();
      net::HTTPRequest head(request.method, request.query.empty() ? request.path : request.path + "?" + request.query,
                            net::HTTPMessage::HTTP_1_1);
      head.setKeepAlive(true);
      for (const auto& [name, value] : request.headers.fields()) head.add(name, value);
      head.setContentLength64(static_cast<Poco::Int64>(request.body.size()));
      std::ostream& out = session_->sendRequest(head);
      is_connected = true;
      out.write(request.body.data(), static_cast<std::streamsize>(request.body.size()));
      out.flush();
      return receive();
    } catch (const Poco::Exception& problem) {
      session_.reset();
      auto error = fail(unavailable, url_ + " did not answer: " + problem.displayText() + ".");
      error.value().may_have_run = is_connected;
      error.value().retryable = true;
      return error;
    }
  }

 private:
  /// Between two answers a server says nothing: what can be read is the end of the connection.
  bool is_stale() const { return session_->connected() && session_->socket().poll(Poco::Timespan(0), net::Socket::SELECT_READ); }

  void connect() {
    const Poco::URI uri(url_);
    session_ = std::make_unique<net::HTTPClientSession>(uri.getHost(), uri.getPort());
    session_->setKeepAlive(true);
    const auto timespan = [](std::int64_t ms) { return Poco::Timespan(ms * 1000); };
    session_->setTimeout(timespan(options_.connect_timeout_ms), timespan(options_.receive_timeout_ms),
                         timespan(options_.receive_timeout_ms));
  }

  Result<Response> receive() {
    net::HTTPResponse head;
    std::istream& in = session_->receiveResponse(head);
    Response response;
    response.status = static_cast<int>(head.getStatus());
    for (const auto& [name, value] : head) response.headers.add(name, value);
    response.body = read_up_to(in, options_.max_reply_bytes);
    const bool is_cut = head.hasContentLength() && static_cast<Poco::Int64>(response.body.size()) != head.getContentLength64();
    if (!is_cut && response.body.size() <= options_.max_reply_bytes) return response;
    session_.reset();
    auto error = fail(unavailable, url_ + (is_cut ? " cut its answer short." : " sent an answer that is too large."));
    error.value().may_have_run = true;
    return error;
  }

  const std::string url_;
  const Options options_;
  std::unique_ptr<net::HTTPClientSession> session_;
};

Client::Client(const std::string& url, Options options) : impl_(std::make_unique<Impl>(url, options)) {}
Client::~Client() = default;
Result<Response> Client::send(const Request& request) { return impl_->send(request); }

}  // namespace seamline::http
