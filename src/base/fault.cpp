#include "base/fault.hpp"

#ifdef SEAMLINE_FAULTS
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>

namespace seamline::fault {
namespace {

/// A name with a count behind a colon, and how often its place was reached.
struct Armed {
  std::int64_t every = 1;
  std::int64_t reached = 0;
};

using ArmedByName = std::map<std::string, Armed, std::less<>>;

ArmedByName read_list(std::string_view list) {
  ArmedByName armed;
  while (!list.empty()) {
    const std::string_view item = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), item.size() + 1));
    const std::string_view name = item.substr(0, item.find(':'));
    std::int64_t every = 1;
    if (name.size() < item.size()) std::from_chars(item.data() + name.size() + 1, item.data() + item.size(), every);
    if (!name.empty()) armed[std::string(name)].every = every < 1 ? 1 : every;
  }
  return armed;
}

ArmedByName read_variable(const char* variable) {
  const char* value = std::getenv(variable);
  return value == nullptr ? ArmedByName() : read_list(value);
}

/// The descriptor of the file that the environment names for the trace; -1 where it names none.
int open_trace() {
  const char* path = std::getenv("SEAMLINE_CRASH_TRACE");
  return path == nullptr ? -1 : ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

struct State {
  std::mutex mutex;
  ArmedByName crashes = read_variable("SEAMLINE_CRASH_AT");
  ArmedByName mistakes = read_variable("SEAMLINE_MISTAKES");
  const int trace = open_trace();
  CrashObserver crash_observer;
  std::function<void(const char*)> stop_observer;
  std::atomic<bool> is_watched{is_asked_for()};
  std::atomic<bool> makes_mistakes{!mistakes.empty()};

  bool is_asked_for() const { return crash_observer != nullptr || !crashes.empty() || trace >= 0; }
};

State& state() {
  static State the_state;
  return the_state;
}

/// Counts one more visit. Null where the name is not armed.
const Armed* visit(ArmedByName& armed, std::string_view name) {
  const auto found = armed.find(name);
  if (found == armed.end()) return nullptr;
  ++found->second.reached;
  return &found->second;
}

/// Straight to the descriptor: what is buffered dies with the process, as it would.
void write_line(int descriptor, const std::string& line) {
  if (::write(descriptor, line.data(), line.size()) < 0) std::abort();
}

[[noreturn]] void die(const std::string& name) {
  write_line(STDERR_FILENO, "crash point " + name + "\n");
  ::raise(SIGKILL);
  std::abort();
}

}  // namespace

void observe_crash_points(CrashObserver observer) {
  state().crash_observer = std::move(observer);
  state().is_watched = state().is_asked_for();
}

void make_mistakes(const std::string& mistakes) {
  const std::lock_guard lock(state().mutex);
  state().mistakes = read_list(mistakes);
  state().makes_mistakes = !state().mistakes.empty();
}

void observe_stop(std::function<void(const char*)> observer) { state().stop_observer = std::move(observer); }

bool is_watched() { return state().is_watched.load(std::memory_order_relaxed); }

void reach(std::string_view scope, std::string_view point) {
  if (state().crash_observer) return state().crash_observer(scope, point);
  const std::string name = scope.empty() ? std::string(point) : std::string(scope) + "/" + std::string(point);
  const std::lock_guard lock(state().mutex);
  if (state().trace >= 0) write_line(state().trace, name + "\n");
  const Armed* armed = visit(state().crashes, name);
  if (armed != nullptr && armed->reached == armed->every) die(name);
}

bool makes_mistakes() { return state().makes_mistakes.load(std::memory_order_relaxed); }

bool is_made(std::string_view mistake) {
  const std::lock_guard lock(state().mutex);
  const Armed* armed = visit(state().mistakes, mistake);
  return armed != nullptr && armed->reached % armed->every == 0;
}

void stopping(const char* what_happened) {
  if (state().stop_observer) state().stop_observer(what_happened);
}

}  // namespace seamline::fault
#endif
