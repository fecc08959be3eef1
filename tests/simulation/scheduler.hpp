#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fiber.hpp"
#include "trace.hpp"

namespace seamline::simulation {

inline constexpr std::int64_t ns_in_ms = 1'000'000;
inline constexpr std::int64_t never_ns = INT64_MAX;

class Scheduler;
class Task;

/// Tasks that live and die together: those of one process, or the clients.
class Group {
 public:
  explicit Group(std::string name) : name_(std::move(name)) {}
  virtual ~Group() = default;
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  const std::string& name() const { return name_; }
  /// Its tasks wait for no time and for nobody outside: they run to their ends. Of a process that has died or stops.
  bool is_rushed() const { return is_rushed_; }
  void rush() { is_rushed_ = true; }
  /// None of its tasks runs before this moment, as in a process that was stopped by a signal.
  void stall_until(std::int64_t at_ns) { stalled_until_ns_ = at_ns; }
  std::int64_t stalled_until_ns() const { return stalled_until_ns_; }
  /// Whether only loops are left, none of them within a step.
  bool is_at_rest() const;
  std::size_t size() const { return tasks_.size(); }

 protected:
  /// One of its tasks has done a part of its work.
  virtual void slice_ended() {}

 private:
  friend class Scheduler;
  const std::string name_;
  bool is_rushed_ = false;
  std::int64_t stalled_until_ns_ = 0;
  std::vector<Task*> tasks_;
};

/// What would be a thread: of a loop, a request or a client.
class Task {
 public:
  Task(Group& group, std::string name, std::function<void()> body)
      : group_(group), name_(std::move(name)), fiber_(std::move(body)) {}

  Group& group() const { return group_; }
  const std::string& name() const { return name_; }
  bool has_ended() const { return fiber_.has_ended(); }
  /// Of a loop that is between two steps and has nothing to do: it need not run on for its group to be over.
  void rest(bool is_at_rest) { is_at_rest_ = is_at_rest; }

 private:
  friend class Scheduler;
  friend class Group;
  Group& group_;
  const std::string name_;
  Fiber fiber_;
  bool is_at_rest_ = false;
  std::pair<std::int64_t, std::int64_t> queued_{never_ns, 0};  // its key in the queue; never where it is not in it
};

/// Time, and who goes on next: a queue of tasks by the moment at which they go on. What moves time are the waits of the tasks
/// alone. Whatever is random about it lies in how long tasks wait, so that it decides nothing itself.
class Scheduler {
 public:
  explicit Scheduler(Trace& trace) : trace_(trace) {}

  std::int64_t now_ns() const { return now_ns_; }
  /// The task that runs now; null outside.
  Task* current() const { return current_; }

  /// Begins a task `delay_ns` from now. It lives until it has ended; `group` outlives it.
  Task& spawn(Group& group, std::string name, std::int64_t delay_ns, std::function<void()> body);
  /// Runs the next task until it waits or ends. Returns false where there is none.
  bool run_next();
  /// Runs the tasks of a rushed group until it is at rest. Throws where it never is.
  void finish(Group& group);
  /// Runs one task of a rushed group to its end.
  void finish(Task& task);
  /// A task that waits looks again, `delay_ns` from now or earlier.
  void wake(Task& task, std::int64_t delay_ns);

  // For the task that runs now.

  /// Lets time pass. In a rushed group only the others get their turn.
  void pause(std::int64_t duration_ns);
  /// Waits until it is so, looking whenever it is woken. Returns whether it came true before `until_ns`, and before the group was
  /// rushed.
  bool wait(const std::function<bool()>& is_so, std::int64_t until_ns = never_ns);
  /// The same for what will come true, also in a rushed group.
  void wait_certainly(const std::function<bool()>& is_so);

 private:
  void enqueue(Task& task, std::int64_t at_ns);
  void dequeue(Task& task);
  void run_slice(Task& task);

  Trace& trace_;
  std::int64_t now_ns_ = 0;
  std::int64_t next_order_ = 0;
  Task* current_ = nullptr;
  std::map<std::pair<std::int64_t, std::int64_t>, Task*> queue_;
};

}  // namespace seamline::simulation
