#include "scheduler.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/assert.hpp"

namespace seamline::simulation {
namespace {

/// Rounds in which a group that is rushed must come to rest.
constexpr int most_rounds = 100'000;

}  // namespace

bool Group::is_at_rest() const {
  return std::all_of(tasks_.begin(), tasks_.end(), [](const Task* task) { return task->is_at_rest_; });
}

Task& Scheduler::spawn(Group& group, std::string name, std::int64_t delay_ns, std::function<void()> body) {
  // Deleted by run_slice() once it has ended.
  auto* task = new Task(group, std::move(name), std::move(body));
  group.tasks_.push_back(task);
  if (!group.is_rushed()) enqueue(*task, now_ns_ + delay_ns);
  return *task;
}

void Scheduler::enqueue(Task& task, std::int64_t at_ns) {
  if (at_ns == never_ns) return;
  task.queued_ = {at_ns, next_order_++};
  queue_.emplace(task.queued_, &task);
}

void Scheduler::dequeue(Task& task) {
  if (task.queued_.first == never_ns) return;
  queue_.erase(task.queued_);
  task.queued_.first = never_ns;
}

bool Scheduler::run_next() {
  for (;;) {
    if (queue_.empty()) return false;
    Task& task = *queue_.begin()->second;
    if (task.group_.stalled_until_ns() <= task.queued_.first) {
      now_ns_ = std::max(now_ns_, task.queued_.first);
      dequeue(task);
      trace_.line(now_ns_, task.group_.name(), task.name_);
      run_slice(task);
      return true;
    }
    dequeue(task);
    enqueue(task, task.group_.stalled_until_ns());
  }
}

void Scheduler::run_slice(Task& task) {
  Group& group = task.group_;
  current_ = &task;
  try {
    task.fiber_.resume();
  } catch (...) {
    current_ = nullptr;
    throw;
  }
  current_ = nullptr;
  if (task.has_ended()) {
    dequeue(task);
    std::erase(group.tasks_, &task);
    delete &task;
  }
  group.slice_ended();
}

void Scheduler::finish(Group& group) {
  SEAMLINE_ASSERT(group.is_rushed() && current_ == nullptr);
  for (Task* task : group.tasks_) dequeue(*task);
  for (int round = 0; !group.is_at_rest(); ++round) {
    if (round == most_rounds) throw std::runtime_error(group.name() + " does not come to rest");
    const std::vector<Task*> all = group.tasks_;
    for (Task* task : all) {
      // A slice ends no other task than its own.
      if (std::find(group.tasks_.begin(), group.tasks_.end(), task) != group.tasks_.end()) run_slice(*task);
    }
  }
}

void Scheduler::finish(Task& task) {
  Group& group = task.group_;
  SEAMLINE_ASSERT(group.is_rushed() && current_ == nullptr);
  const auto is_there = [&] { return std::find(group.tasks_.begin(), group.tasks_.end(), &task) != group.tasks_.end(); };
  for (int round = 0; is_there(); ++round) {
    if (round == most_rounds) throw std::runtime_error(group.name() + " has a thread that does not end");
    run_slice(task);
  }
}

void Scheduler::wake(Task& task, std::int64_t delay_ns) {
  if (task.group_.is_rushed() || task.queued_.first <= now_ns_ + delay_ns || &task == current_) return;
  dequeue(task);
  enqueue(task, now_ns_ + delay_ns);
}

void Scheduler::pause(std::int64_t duration_ns) {
  SEAMLINE_ASSERT(current_ != nullptr);
  if (!current_->group_.is_rushed()) enqueue(*current_, now_ns_ + duration_ns);
  Fiber::yield();
}

bool Scheduler::wait(const std::function<bool()>& is_so, std::int64_t until_ns) {
  SEAMLINE_ASSERT(current_ != nullptr);
  while (!is_so()) {
    if (current_->group_.is_rushed() || now_ns_ >= until_ns) return false;
    enqueue(*current_, until_ns);
    Fiber::yield();
  }
  return true;
}

void Scheduler::wait_certainly(const std::function<bool()>& is_so) {
  SEAMLINE_ASSERT(current_ != nullptr);
  while (!is_so()) Fiber::yield();
}

}  // namespace seamline::simulation
