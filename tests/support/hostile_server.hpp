#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace seamline::test {

/// A TCP server on 127.0.0.1 that does with each connection what a script says, down to the byte and the reset. All that it
/// does ends when it is destroyed.
class HostileServer {
 public:
  /// The server's end of one connection. It closes when the script ends.
  class Peer {
   public:
    Peer(int socket, int number, const std::atomic<bool>& is_stopping, std::atomic<int>& requests)
        : socket_(socket), number_(number), is_stopping_(is_stopping), requests_(requests) {}
    ~Peer() {
      if (socket_ >= 0) ::close(socket_);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    /// 0 for the first connection.
    int number() const { return number_; }

    /// The next request, head and body; empty where the client has closed or the server stops.
    std::string read_request() {
      for (;;) {
        const auto head_end = received_.find("\r\n\r\n");
        if (head_end != std::string::npos) {
          std::size_t size = head_end + 4;
          const auto length = received_.find("Content-Length: ");
          if (length < head_end) size += std::stoul(received_.substr(length + 16));
          if (received_.size() >= size) {
            std::string request = received_.substr(0, size);
            received_.erase(0, size);
            ++requests_;
            return request;
          }
        }
        if (!receive()) return {};
      }
    }
    /// Returns whether the client takes it.
    bool send(std::string_view bytes) {
      while (!bytes.empty()) {
        const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
        if (count <= 0 && errno != EAGAIN && errno != EINTR) return false;
        if (count <= 0 && !pause_ms(1)) return false;
      }
      return true;
    }
    /// Byte by byte, with a pause before each.
    void drip(std::string_view bytes, std::int64_t every_ms) {
      for (const char byte : bytes) {
        if (!pause_ms(every_ms) || !send({&byte, 1})) return;
      }
    }
    /// Returns false where the server stops meanwhile.
    bool pause_ms(std::int64_t ms) {
      const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
      while (!is_stopping_.load() && std::chrono::steady_clock::now() < end) {
        std::this_thread::sleep_for(std::chrono::milliseconds(std::min<std::int64_t>(ms, 5)));
      }
      return !is_stopping_.load();
    }
    /// Says nothing until the client closes.
    void wait_for_end() {
      while (receive()) received_.clear();
    }
    /// Answers every further request well.
    void behave() {
      while (!read_request().empty()) {
        if (!send(good_answer)) return;
      }
    }
    /// Ends the connection with a reset: the client's system throws away even what it has received.
    void reset() {
      const linger at_once{1, 0};
      ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      ::close(socket_);
      socket_ = -1;
    }

   private:
    bool receive() {
      while (!is_stopping_.load()) {
        pollfd waiting{socket_, POLLIN, 0};
        if (::poll(&waiting, 1, 10) <= 0) continue;
        char bytes[4096];
        const ssize_t count = ::recv(socket_, bytes, sizeof bytes, 0);
        if (count <= 0) return false;
        received_.append(bytes, static_cast<std::size_t>(count));
        return true;
      }
      return false;
    }

    int socket_;
    const int number_;
    const std::atomic<bool>& is_stopping_;
    std::atomic<int>& requests_;
    std::string received_;
  };

  using Script = std::function<void(Peer&)>;

  static constexpr std::string_view good_answer =
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{\"good\":true}";

  explicit HostileServer(Script script) : script_(std::move(script)), socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 || ::listen(socket_, 64) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept(); });
  }
  /// Plays the first script with the first connection, and behaves well with all later ones.
  static Script at_first(Script hostile) {
    return [hostile = std::move(hostile)](Peer& peer) {
      if (peer.number() == 0) {
        hostile(peer);
      } else {
        peer.behave();
      }
    };
  }
  ~HostileServer() {
    is_stopping_.store(true);
    acceptor_.join();
    for (std::thread& thread : threads_) thread.join();
    ::close(socket_);
  }
  HostileServer(const HostileServer&) = delete;
  HostileServer& operator=(const HostileServer&) = delete;

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  int connections() const { return connections_.load(); }
  /// Whole ones that have been read.
  int requests() const { return requests_.load(); }

 private:
  void accept() {
    while (!is_stopping_.load()) {
      pollfd waiting{socket_, POLLIN, 0};
      if (::poll(&waiting, 1, 10) <= 0) continue;
      const int accepted = ::accept(socket_, nullptr, nullptr);
      if (accepted < 0) continue;
      const int number = connections_.fetch_add(1);
      threads_.emplace_back([this, accepted, number] {
        Peer peer(accepted, number, is_stopping_, requests_);
        script_(peer);
      });
    }
  }

  const Script script_;
  const int socket_;
  std::uint16_t port_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::atomic<int> connections_{0};
  std::atomic<int> requests_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace seamline::test
