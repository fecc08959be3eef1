#pragma once

#include <cstdio>
#include <fcntl.h>
#include <map>
#include <memory>
#include <spawn.h>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>
#include <vector>

#include "base/json.hpp"

namespace seamline::test {

/// A real server beside the test, which tests/servers/serve runs: on loopback ports that stay the same, with data of its own. It
/// ends with this object, and with this process, however that ends. A server that cannot do what it is asked for throws
/// std::runtime_error with the end of its log. Not thread-safe.
class OutsideServer {
 public:
  /// Starts it; returns when it answers. `name` and `options` as serve takes them: OutsideServer("nats", {"--newer"}).
  explicit OutsideServer(const std::string& name, const std::vector<std::string>& options = {}) : name_(name) {
    launch(options);
    try {
      read_answer();
    } catch (...) {
      close();
      throw;
    }
  }
  ~OutsideServer() { close(); }
  OutsideServer(const OutsideServer&) = delete;
  OutsideServer& operator=(const OutsideServer&) = delete;

  /// 127.0.0.1:PORT.
  const std::string& address() const { return detail("address"); }
  /// What else a client needs, by its name in tests/servers/README.md. Changes with a start after a wipe.
  const std::string& detail(const std::string& member) const { return details_.at(member); }

  /// SIGKILL.
  void kill() { ask("kill"); }
  /// Asks it to end, and waits for that.
  void stop() { ask("stop"); }
  /// Starts it again, where it was; returns when it answers.
  void start() { ask("start"); }
  /// Deletes its data while it is down. The next start makes new data, with another identity.
  void wipe() { ask("wipe"); }
  /// SIGSTOP.
  void pause() { ask("pause"); }
  /// SIGCONT.
  void resume() { ask("resume"); }

 private:
  struct FileCloser {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, FileCloser>;

  /// Both ends are closed in whatever else this process starts: serve must see the end of its input.
  static std::pair<File, File> open_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("cannot open a pipe");
    return {File(::fdopen(ends[0], "r")), File(::fdopen(ends[1], "w"))};
  }

  void launch(const std::vector<std::string>& options) {
    std::vector<std::string> words{SEAMLINE_SERVE, name_};
    words.insert(words.end(), options.begin(), options.end());
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);

    auto [input, commands] = open_pipe();
    auto [answers, output] = open_pipe();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, ::fileno(input.get()), STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, ::fileno(output.get()), STDOUT_FILENO);
    const int problem = ::posix_spawn(&process_, SEAMLINE_SERVE, &actions, nullptr, arguments.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (problem != 0) throw std::runtime_error("cannot run " SEAMLINE_SERVE);
    commands_ = std::move(commands);
    answers_ = std::move(answers);
  }

  void ask(const char* command) {
    std::fprintf(commands_.get(), "%s\n", command);
    std::fflush(commands_.get());
    read_answer();
  }

  void read_answer() {
    std::string line;
    for (int byte = 0; (byte = std::fgetc(answers_.get())) != EOF && byte != '\n';) line.push_back(static_cast<char>(byte));
    const auto answer = json::parse(line);
    if (!answer) throw std::runtime_error(name_ + " has gone without a word");
    const json::Value* problem = answer->find("problem");
    if (problem != nullptr) throw std::runtime_error(name_ + ": " + problem->text);
    for (const json::Value& member : answer->items) {
      if (member.is(json::Type::string)) details_[member.name] = member.text;
    }
  }

  void close() {
    commands_.reset();
    int status = 0;
    ::waitpid(process_, &status, 0);
  }

  std::string name_;
  pid_t process_ = -1;
  File commands_;
  File answers_;
  std::map<std::string, std::string> details_;
};

}  // namespace seamline::test
