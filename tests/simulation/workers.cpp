#include "workers.hpp"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <stdexcept>

namespace seamline::simulation {
namespace {

/// A run takes some ten milliseconds; one that takes so long does not end.
constexpr unsigned most_seconds_a_run = 60;

void write_line(int to, const std::string& line) {
  for (std::string_view left = line; !left.empty();) {
    const ssize_t written = ::write(to, left.data(), left.size());
    if (written <= 0) ::_exit(1);
    left.remove_prefix(static_cast<std::size_t>(written));
  }
}

/// What the child does: every `stride`-th of the runs, from `first` on. Ends early behind a world that it could not take down.
void work(const std::vector<RunOptions>& runs, std::size_t first, std::size_t stride, const Template& start, std::FILE* trace,
          int answers) {
  for (std::size_t i = first; i < runs.size(); i += stride) {
    // A run that hangs is ended by the signal, which tells the parent.
    ::alarm(most_seconds_a_run);
    const RunResult result = run(runs[i], start, trace);
    write_line(answers, write_result(result) + "\n");
    if (result.is_broken) return;
  }
}

std::string describe_end(int status) {
  if (WIFSIGNALED(status)) return std::string("the simulation was ended by a signal: ") + ::strsignal(WTERMSIG(status)) + "\n";
  return "the simulation ended with status " + std::to_string(WEXITSTATUS(status)) + "\n";
}

}  // namespace

/// A child process and what it has still to do.
class Workers::Worker {
 public:
  Worker(const Workers& owner, const std::vector<RunOptions>& runs, std::size_t first, std::string trace_path)
      : owner_(owner),
        runs_(runs),
        folder_(owner.root_ / ("worker-" + std::to_string(first))),
        next_(first),
        trace_path_(std::move(trace_path)) {
    begin();
  }
  ~Worker() { end(); }
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// -1 where nothing is left to do.
  int answers() const { return answers_; }

  /// There is something to read. Returns false where no further runs are wanted.
  bool read(const Ended& ended) {
    char block[16384];
    const ssize_t count = ::read(answers_, block, sizeof block);
    if (count > 0) {
      text_.append(block, static_cast<std::size_t>(count));
      return take_lines(ended);
    }
    const int status = end();
    bool goes_on = true;
    if (!was_broken_ && next_ < runs_.size()) {
      RunResult result;
      result.failure = describe_end(status);
      goes_on = take(result, ended);
    }
    if (goes_on && next_ < runs_.size()) begin();
    return goes_on;
  }

 private:
  void begin() {
    int ends[2];
    if (next_ >= runs_.size()) return;
    if (::pipe(ends) != 0) throw std::runtime_error("no pipe for a worker");
    std::fflush(nullptr);
    was_broken_ = false;
    process_ = ::fork();
    if (process_ < 0) throw std::runtime_error("no process for a worker");
    if (process_ == 0) {
      ::close(ends[0]);
      {
        std::FILE* trace = trace_path_.empty() ? nullptr : std::fopen(trace_path_.c_str(), "w");
        const Template start(owner_.start_, folder_);
        work(runs_, next_, static_cast<std::size_t>(owner_.jobs_), start, trace, ends[1]);
      }
      std::fflush(nullptr);
      ::_exit(0);
    }
    ::close(ends[1]);
    answers_ = ends[0];
  }
  int end() {
    if (answers_ < 0) return 0;
    ::close(std::exchange(answers_, -1));
    int status = 0;
    if (next_ < runs_.size() && !was_broken_) ::kill(process_, SIGTERM);
    ::waitpid(process_, &status, 0);
    return status;
  }
  bool take(const RunResult& result, const Ended& ended) {
    const RunOptions& options = runs_[next_];
    next_ += static_cast<std::size_t>(owner_.jobs_);
    return ended(options, result);
  }
  bool take_lines(const Ended& ended) {
    for (auto at = text_.find('\n'); at != std::string::npos; at = text_.find('\n')) {
      const auto result = read_result(std::string_view(text_).substr(0, at));
      text_.erase(0, at + 1);
      if (!result) throw std::runtime_error(result.error().detail);
      was_broken_ = result->is_broken;
      if (!take(*result, ended)) return false;
    }
    return true;
  }

  const Workers& owner_;
  const std::vector<RunOptions>& runs_;
  const std::filesystem::path folder_;
  std::size_t next_;
  const std::string trace_path_;
  pid_t process_ = 0;
  int answers_ = -1;
  bool was_broken_ = false;
  std::string text_;
};

void Workers::run(const std::vector<RunOptions>& runs, const std::string& trace_path, const Ended& ended) {
  std::vector<std::unique_ptr<Worker>> workers;
  for (int i = 0; i < jobs_; ++i) {
    workers.push_back(std::make_unique<Worker>(*this, runs, static_cast<std::size_t>(i), trace_path));
  }
  for (;;) {
    std::vector<pollfd> waiting;
    std::vector<Worker*> of;
    for (const auto& worker : workers) {
      if (worker->answers() < 0) continue;
      waiting.push_back({worker->answers(), POLLIN, 0});
      of.push_back(worker.get());
    }
    if (waiting.empty()) return;
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    for (std::size_t i = 0; i < waiting.size(); ++i) {
      if (waiting[i].revents != 0 && !of[i]->read(ended)) return;
    }
  }
}

RunResult Workers::run_one(const RunOptions& options, const std::string& trace_path) {
  RunResult only;
  Workers(start_, root_ / "one", 1).run({options}, trace_path, [&](const RunOptions&, const RunResult& result) {
    only = result;
    return true;
  });
  return only;
}

}  // namespace seamline::simulation
