#pragma once

#include <utility>

#include "store/transaction.hpp"

namespace seamline::store {

class Command;

/// The one transaction of a writer, as the writer itself sees it, whatever keeps its records. Not thread-safe: the writer's
/// thread has it.
class OpenTransaction : public Transaction {
 public:
  /// The module's name and the log outlive it.
  OpenTransaction(const std::string& module, EventLog& log) : module_(module), log_(log) {}

  /// From here on it is this command's, which is there until the next one begins.
  virtual void begin_command(const Command& command) { command_ = &command; }
  /// What the batch's commands want done after the commit.
  std::vector<std::function<void()>> take_actions() { return std::exchange(actions_, {}); }
  /// Writes an entry of the log as it is.
  virtual void write_entry(const LogEntry& entry) = 0;

  Timestamp now() const final;
  void after_commit(std::function<void()> action) final { actions_.push_back(std::move(action)); }

 protected:
  void append(LogEntry entry) final;
  const std::string& module() const { return module_; }

 private:
  const std::string& module_;
  EventLog& log_;
  const Command* command_ = nullptr;
  std::vector<std::function<void()>> actions_;
};

}  // namespace seamline::store
