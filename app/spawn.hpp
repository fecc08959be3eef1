#pragma once

#include <map>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

#include "base/result.hpp"

namespace seamline::app {

/// A file descriptor, closed with its holder.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() { close(); }
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }

  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }
  void close();

 private:
  int number_ = -1;
};

/// A child process, and the reading ends of its standard output and error, which never block.
struct Spawned {
  pid_t pid = 0;
  Descriptor output;
  Descriptor error;
};

/// Starts the program at the path `argv[0]`, with our environment and `environment` on top of it. The child leads a process
/// group of its own, so that Ctrl-C at the terminal reaches us alone; it reads nothing, blocks no signal, and inherits no
/// descriptor but its standard ones. It is killed (SIGKILL) when the calling *thread* ends, however that happens: prctl(2),
/// PR_SET_PDEATHSIG. So call this from a thread that lives longer than the child should.
/// Errors: process.cannot_run where the program cannot be executed; process.no_resources, retryable. Thread-safe.
Result<Spawned> spawn(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment);

}  // namespace seamline::app
