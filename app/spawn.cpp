#include "spawn.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.hpp"

namespace seamline::app {
namespace {

constexpr ErrorCode cannot_run{"process.cannot_run", Kind::invalid};
constexpr ErrorCode no_resources{"process.no_resources", Kind::unavailable};
constexpr int first_own_descriptor = STDERR_FILENO + 1;
constexpr int most_descriptors = 1 << 16;

struct Pipe {
  Descriptor reader;
  Descriptor writer;
};

/// All that the child needs, made before the fork: after it, only what is async-signal-safe may be called (fork(2)).
struct Plan {
  std::vector<char*> argv;
  std::vector<std::string> settings;
  std::vector<char*> environment;
  Pipe output;
  Pipe error;
  /// Where the child writes why it could not run; closed by a program that runs.
  Pipe problem;
  int descriptor_limit = 0;
  pid_t parent = 0;
};

bool open_pipe(Pipe& pipe) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return false;
  pipe.reader = Descriptor(ends[0]);
  pipe.writer = Descriptor(ends[1]);
  return true;
}

tl::unexpected<Error> lacks(std::string_view what, int number) {
  Error error = std::move(fail(no_resources, "cannot " + std::string(what) + ": " + std::strerror(number)).value());
  error.retryable = true;
  return fail(std::move(error));
}

void add_environment(Plan& plan, const std::map<std::string, std::string>& added) {
  for (char** setting = ::environ; *setting != nullptr; ++setting) {
    const std::string_view text = *setting;
    if (!added.contains(std::string(text.substr(0, text.find('='))))) plan.settings.emplace_back(text);
  }
  for (const auto& [name, value] : added) plan.settings.push_back(name + "=" + value);
  for (std::string& setting : plan.settings) plan.environment.push_back(setting.data());
  plan.environment.push_back(nullptr);
}

/// Every descriptor but the standard ones closes at exec, whoever opened it and however.
void keep_descriptors_from_program(int limit) {
  if (::close_range(first_own_descriptor, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
  for (int number = first_own_descriptor; number < limit; ++number) ::fcntl(number, F_SETFD, FD_CLOEXEC);
}

/// In the child: becomes the program, or says why not.
[[noreturn]] void become(const Plan& plan) {
  const int problem = ::fcntl(plan.problem.writer.number(), F_DUPFD_CLOEXEC, first_own_descriptor);
  // Out of the way first: in a process without standard descriptors, the pipes have their numbers.
  const int output = ::fcntl(plan.output.writer.number(), F_DUPFD_CLOEXEC, first_own_descriptor);
  const int error = ::fcntl(plan.error.writer.number(), F_DUPFD_CLOEXEC, first_own_descriptor);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  // The parent may have ended before the line above; then nobody would kill this process.
  if (::getppid() != plan.parent) ::_exit(EXIT_FAILURE);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(nothing, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(error, STDERR_FILENO);
  keep_descriptors_from_program(plan.descriptor_limit);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::execve(plan.argv[0], plan.argv.data(), plan.environment.data());
  const int number = errno;
  (void)!::write(problem, &number, sizeof number);
  ::_exit(EXIT_FAILURE);
}

/// Forks with every signal blocked, so that none of our handlers runs in the child.
pid_t fork_quietly(const Plan& plan) {
  sigset_t every;
  sigset_t before;
  ::sigfillset(&every);
  ::pthread_sigmask(SIG_SETMASK, &every, &before);
  const pid_t pid = ::fork();
  if (pid == 0) become(plan);
  const int number = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = number;
  return pid;
}

/// Waits until the child runs its program. Returns the error number of one that cannot; else 0.
int problem_of(const Descriptor& reader) {
  int number = 0;
  ssize_t size = 0;
  do size = ::read(reader.number(), &number, sizeof number);
  while (size < 0 && errno == EINTR);
  return size == sizeof number ? number : 0;
}

}  // namespace

void Descriptor::close() {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Result<Spawned> spawn(const std::vector<std::string>& argv, const std::map<std::string, std::string>& environment) {
  SEAMLINE_ASSERT(!argv.empty());
  Plan plan;
  for (const std::string& argument : argv) plan.argv.push_back(const_cast<char*>(argument.c_str()));  // as execve wants it
  plan.argv.push_back(nullptr);
  add_environment(plan, environment);
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  plan.descriptor_limit = static_cast<int>(std::min<rlim_t>(limit.rlim_cur, most_descriptors));
  plan.parent = ::getpid();
  if (!open_pipe(plan.output) || !open_pipe(plan.error) || !open_pipe(plan.problem)) return lacks("open a pipe", errno);

  const pid_t pid = fork_quietly(plan);
  if (pid < 0) return lacks("start a process", errno);
  plan.problem.writer.close();
  if (const int number = problem_of(plan.problem.reader); number != 0) {
    ::waitpid(pid, nullptr, 0);
    return fail(cannot_run, "cannot run " + argv.front() + ": " + std::strerror(number));
  }
  ::fcntl(plan.output.reader.number(), F_SETFL, O_NONBLOCK);
  ::fcntl(plan.error.reader.number(), F_SETFL, O_NONBLOCK);
  return Spawned{pid, std::move(plan.output.reader), std::move(plan.error.reader)};
}

}  // namespace seamline::app
