#pragma once

#include <arpa/inet.h>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <netinet/in.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "support/poll.hpp"
#include "support/temporary_folder.hpp"

namespace seamline::test {

/// A nats-server with JetStream, on a free port of loopback and with a folder of its own. It is killed with its holder.
class NatsServer {
 public:
  NatsServer() : port_(free_port()), monitor_port_(free_port()) { start(); }
  ~NatsServer() { kill(); }
  NatsServer(const NatsServer&) = delete;
  NatsServer& operator=(const NatsServer&) = delete;

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  std::string monitor_url() const { return "http://127.0.0.1:" + std::to_string(monitor_port_); }

  /// Returns once it answers. With further words for its command line.
  void start(const std::vector<std::string>& further = {}) {
    start_without_streams({"--jetstream", "--store_dir", store().string()}, further);
  }
  void start_without_streams(std::vector<std::string> words = {}, const std::vector<std::string>& further = {}) {
    words.insert(words.begin(), {"nats-server", "--addr", "127.0.0.1", "--port", std::to_string(port_), "--http_port",
                                 std::to_string(monitor_port_), "--log", (folder_.path() / "log").string()});
    words.insert(words.end(), further.begin(), further.end());
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    if (::posix_spawnp(&pid_, argv[0], nullptr, nullptr, argv.data(), ::environ) != 0) {
      throw std::runtime_error("cannot run nats-server");
    }
    if (!poll_until([&] { return accepts(port_); })) throw std::runtime_error("nats-server does not start");
  }
  /// As a loss of the machine would, but that the system has what the server has written.
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  /// Returns once it stands still.
  void pause() {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void resume() { ::kill(pid_, SIGCONT); }
  /// While it does not run.
  void wipe() { std::filesystem::remove_all(store()); }

 private:
  std::filesystem::path store() const { return folder_.path() / "store"; }

  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
  }
  static std::uint16_t free_port() {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ::bind(socket, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(socket);
    return ntohs(address.sin_port);
  }
  static bool accepts(std::uint16_t port) {
    sockaddr_in address = loopback(port);
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool accepted = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    return accepted;
  }

  TemporaryFolder folder_;
  const std::uint16_t port_;
  const std::uint16_t monitor_port_;
  pid_t pid_ = 0;
};

}  // namespace seamline::test
