#include "supervisor.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.hpp"
#include "observe/log.hpp"

namespace seamline::app {
namespace {

/// How soon a death is seen of a child whose output stays open, and a clock that does not tick by itself.
constexpr std::int64_t most_wait_ms = 50;
constexpr std::size_t read_bytes = std::size_t{1} << 16U;
/// What is read of a child at its death: a pipe holds less.
constexpr int most_last_reads = 32;
/// "Called wrongly or configured wrongly": nothing that another start would mend.
constexpr int exit_usage_or_config = 2;

void print_to_standard_error(std::string_view line) {
  const std::string whole = std::string(line) + "\n";
  std::fwrite(whole.data(), 1, whole.size(), stderr);
}

std::string describe_exit(int wait_status) {
  if (WIFEXITED(wait_status)) return "exit status " + std::to_string(WEXITSTATUS(wait_status));
  const char* name = ::sigabbrev_np(WTERMSIG(wait_status));
  return name != nullptr ? "killed by SIG" + std::string(name) : "killed by signal " + std::to_string(WTERMSIG(wait_status));
}

/// One stream of a child, cut into lines.
class Output {
 public:
  void open(Descriptor descriptor) { descriptor_ = std::move(descriptor); }
  const Descriptor& descriptor() const { return descriptor_; }

  /// Hands the lines of what is there to `print`. Returns whether there may be more at once.
  template <class Print>
  bool read(std::size_t max_line_bytes, const Print& print) {
    if (!descriptor_.is_open()) return false;
    std::array<char, read_bytes> bytes;
    const ssize_t size = ::read(descriptor_.number(), bytes.data(), bytes.size());
    if (size < 0) return errno == EINTR;
    if (size == 0) {
      close(print);
      return false;
    }
    std::string_view text(bytes.data(), static_cast<std::size_t>(size));
    while (!text.empty()) {
      const std::size_t room = max_line_bytes - line_.size();
      const std::size_t end = text.substr(0, room + 1).find('\n');
      const std::size_t taken = std::min(end, std::min(room, text.size()));
      line_ += text.substr(0, taken);
      text.remove_prefix(end == std::string_view::npos ? taken : taken + 1);
      if (end == std::string_view::npos && text.empty()) break;
      print(line_);
      line_.clear();
    }
    return true;
  }

  /// Hands over an unfinished last line.
  template <class Print>
  void close(const Print& print) {
    descriptor_.close();
    if (!line_.empty()) print(line_);
    line_.clear();
  }

 private:
  Descriptor descriptor_;
  std::string line_;
};

}  // namespace

struct Supervisor::Child {
  std::vector<std::string> argv;
  std::map<std::string, std::string> environment;
  ChildStatus status;
  Output output;
  Output error;
  std::int64_t backoff_ms = 0;
  Instant started_at;
  Instant start_at;  // when it does not run
  bool has_run = false;
  bool is_told_to_stop = false;
  bool is_killed = false;
};

/// What one step works on: children are only ever added, so these stay where they are.
struct Supervisor::Round {
  std::vector<Child*> children;
  bool is_stopping = false;
  std::size_t name_width = 0;
  const SupervisorOptions& options;

  bool has_running() const {
    return std::any_of(children.begin(), children.end(), [](const Child* child) { return child->status.is_running; });
  }
  /// Prints what a child wrote.
  auto printer(const Child& child) const {
    std::string prefix = child.status.name;
    prefix.resize(name_width, ' ');
    return [prefix = prefix + " | ", this](const std::string& line) {
      if (options.print) return options.print(prefix + line);
      print_to_standard_error(prefix + line);
    };
  }
};

Supervisor::Supervisor(SupervisorOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      wake_up_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this] { run(); }) {
  SEAMLINE_ASSERT(options_.max_line_bytes > 0);
}

Supervisor::~Supervisor() {
  stop();
  thread_.join();
}

void Supervisor::start(std::string name, std::vector<std::string> argv, std::map<std::string, std::string> environment) {
  SEAMLINE_ASSERT(!argv.empty());
  auto child = std::make_unique<Child>();
  child->argv = std::move(argv);
  child->environment = std::move(environment);
  child->status.name = std::move(name);
  child->backoff_ms = options_.first_backoff_ms;
  child->start_at = clock_.monotonic();
  {
    const std::lock_guard lock(mutex_);
    SEAMLINE_ASSERT(std::none_of(children_.begin(), children_.end(),
                                 [&](const auto& other) { return other->status.name == child->status.name; }));
    children_.push_back(std::move(child));
  }
  wake();
}

void Supervisor::stop() {
  SEAMLINE_ASSERT(std::this_thread::get_id() != thread_.get_id());
  std::unique_lock lock(mutex_);
  is_stopping_ = true;
  wake();
  ended_.wait(lock, [this] { return has_ended_; });
}

std::vector<ChildStatus> Supervisor::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<ChildStatus> all;
  for (const auto& child : children_) all.push_back(child->status);
  return all;
}

void Supervisor::wake() const {
  const std::uint64_t one = 1;
  (void)!::write(wake_up_.number(), &one, sizeof one);
}

void Supervisor::run() {
  ::pthread_setname_np(::pthread_self(), "supervisor");
  // Signals are for the threads of the owner.
  sigset_t every;
  ::sigfillset(&every);
  ::pthread_sigmask(SIG_SETMASK, &every, nullptr);
  while (step()) continue;
  const std::lock_guard lock(mutex_);
  has_ended_ = true;
  ended_.notify_all();
}

/// Returns whether there will be more to do.
bool Supervisor::step() {
  const Round round = begin_round();
  if (round.is_stopping) {
    tell_to_stop(round);
  } else {
    start_due(round);
  }
  if (round.is_stopping && !round.has_running()) return false;
  read_outputs(round);
  reap(round);
  return true;
}

Supervisor::Round Supervisor::begin_round() {
  const std::lock_guard lock(mutex_);
  Round round{{}, is_stopping_, options_.name_width, options_};
  for (const auto& child : children_) {
    round.children.push_back(child.get());
    round.name_width = std::max(round.name_width, child->status.name.size());
  }
  return round;
}

void Supervisor::start_due(const Round& round) {
  const Instant now = clock_.monotonic();
  for (Child* child : round.children) {
    if (!child->status.is_running && !child->status.has_failed && child->start_at <= now) launch(*child);
  }
}

void Supervisor::launch(Child& child) {
  auto spawned = spawn(child.argv, child.environment);
  if (!spawned) {
    {
      const std::lock_guard lock(mutex_);
      child.status.last_exit = spawned.error().detail;
    }
    if (!spawned.error().retryable) return give_up(child, spawned.error().detail);
    observe::log_warning("supervisor", child.status.name + ": " + spawned.error().detail);
    return start_later(child, clock_.monotonic());
  }
  child.output.open(std::move(spawned->output));
  child.error.open(std::move(spawned->error));
  child.started_at = clock_.monotonic();
  const std::lock_guard lock(mutex_);
  child.status.is_running = true;
  child.status.pid = spawned->pid;
  if (std::exchange(child.has_run, true)) ++child.status.restarts;
}

void Supervisor::tell_to_stop(const Round& round) {
  const Instant now = clock_.monotonic();
  if (kill_at_ == Instant::never()) kill_at_ = now.plus_ms(options_.stop_ms);
  for (Child* child : round.children) {
    if (!child->status.is_running) continue;
    if (!std::exchange(child->is_told_to_stop, true)) ::kill(child->status.pid, SIGTERM);
    if (now < kill_at_ || std::exchange(child->is_killed, true)) continue;
    observe::log_warning("supervisor",
                         child->status.name + " did not stop within " + std::to_string(options_.stop_ms) + " ms and is killed");
    ::kill(-child->status.pid, SIGKILL);
  }
}

void Supervisor::read_outputs(const Round& round) {
  std::vector<pollfd> waited{{wake_up_.number(), POLLIN, 0}};
  std::vector<std::pair<Child*, Output*>> outputs;
  for (Child* child : round.children) {
    for (Output* output : {&child->output, &child->error}) {
      if (!output->descriptor().is_open()) continue;
      waited.push_back({output->descriptor().number(), POLLIN, 0});
      outputs.emplace_back(child, output);
    }
  }
  if (::poll(waited.data(), waited.size(), static_cast<int>(most_wait_ms)) <= 0) return;
  std::uint64_t ignored = 0;
  if (waited.front().revents != 0) (void)!::read(wake_up_.number(), &ignored, sizeof ignored);
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const auto& [child, output] = outputs[i];
    if (waited[i + 1].revents != 0) output->read(options_.max_line_bytes, round.printer(*child));
  }
}

void Supervisor::reap(const Round& round) {
  for (Child* child : round.children) {
    if (!child->status.is_running) continue;
    const pid_t pid = child->status.pid;
    siginfo_t death{};
    if (::waitid(P_PID, static_cast<id_t>(pid), &death, WEXITED | WNOHANG | WNOWAIT) != 0 || death.si_pid == 0) continue;
    // While the child is not reaped, nobody else can have its group's number.
    ::kill(-pid, SIGKILL);
    int wait_status = 0;
    ::waitpid(pid, &wait_status, 0);
    bury(round, *child, wait_status);
  }
}

void Supervisor::bury(const Round& round, Child& child, int wait_status) {
  for (Output* output : {&child.output, &child.error}) {
    for (int i = 0; i < most_last_reads && output->read(options_.max_line_bytes, round.printer(child)); ++i) continue;
    output->close(round.printer(child));
  }
  const std::string how = describe_exit(wait_status);
  // Before anybody can see that it has ended: whoever does may let time pass.
  const Instant ended_at = clock_.monotonic();
  {
    const std::lock_guard lock(mutex_);
    child.status.is_running = false;
    child.status.pid = 0;
    child.status.last_exit = how;
  }
  if (round.is_stopping) return observe::log_info("supervisor", child.status.name + " has stopped: " + how);
  if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == exit_usage_or_config) {
    return give_up(child, how + ", a wrong command line or configuration; its last lines say what");
  }
  if (ended_at >= child.started_at.plus_ms(options_.stable_ms)) child.backoff_ms = options_.first_backoff_ms;
  observe::log_warning("supervisor",
                       child.status.name + " ended: " + how + "; it starts again in " + std::to_string(child.backoff_ms) + " ms");
  start_later(child, ended_at);
}

void Supervisor::give_up(Child& child, const std::string& why) {
  {
    const std::lock_guard lock(mutex_);
    child.status.has_failed = true;
  }
  observe::log_error("supervisor", child.status.name + " is not started again: " + why);
  if (options_.on_failed) options_.on_failed(child.status.name, why);
}

void Supervisor::start_later(Child& child, Instant ended_at) {
  child.start_at = ended_at.plus_ms(child.backoff_ms);
  child.backoff_ms = std::min(child.backoff_ms * 2, options_.most_backoff_ms);
}

}  // namespace seamline::app
