#pragma once

#include <array>
#include <cstdio>
#include <fcntl.h>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "base/json.hpp"

namespace seamline::test {

/// A PostgreSQL server of the test's own, by support/postgres_server.py. It ends with this object. Throws std::runtime_error
/// where it cannot do what it is asked for. Not thread-safe.
class PostgresServer {
 public:
  /// Starts it, with those settings, each `name=value`; returns when it answers.
  explicit PostgresServer(const std::vector<std::string>& settings = {}) {
    std::vector<std::string> words{SEAMLINE_POSTGRES_SERVER};
    for (const std::string& setting : settings) words.push_back("--set=" + setting);
    launch(words);
    const auto said = json::parse(read_line());
    if (!said || said->find("url") == nullptr) throw std::runtime_error("PostgreSQL does not start");
    url_ = said->find("url")->text;
  }
  ~PostgresServer() {
    std::fclose(commands_);
    std::fclose(answers_);
    ::waitpid(process_, nullptr, 0);
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  const std::string& url() const { return url_; }
  /// SIGKILL, to every process of it.
  void kill() { ask("kill"); }
  /// In order.
  void stop() { ask("stop"); }
  /// Again, where it was.
  void start() { ask("start"); }
  /// SIGSTOP and SIGCONT.
  void pause() { ask("pause"); }
  void resume() { ask("resume"); }

 private:
  static std::array<int, 2> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("cannot open a pipe");
    return ends;
  }
  void launch(std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto input = make_pipe();
    const auto output = make_pipe();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, input[0], STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output[1], STDOUT_FILENO);
    const int problem = ::posix_spawn(&process_, arguments[0], &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(input[0]);
    ::close(output[1]);
    if (problem != 0) throw std::runtime_error("cannot run " + words[0]);
    commands_ = ::fdopen(input[1], "w");
    answers_ = ::fdopen(output[0], "r");
  }
  std::string read_line() {
    std::string line;
    for (int byte = 0; (byte = std::fgetc(answers_)) != EOF && byte != '\n';) line.push_back(static_cast<char>(byte));
    return line;
  }
  void ask(const char* command) {
    std::fprintf(commands_, "%s\n", command);
    std::fflush(commands_);
    if (read_line() != "{}") throw std::runtime_error(std::string("PostgreSQL did not ") + command);
  }

  std::string url_;
  pid_t process_ = -1;
  std::FILE* commands_ = nullptr;
  std::FILE* answers_ = nullptr;
};

}  // namespace seamline::test
