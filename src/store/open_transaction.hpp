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

  /// Opens it. Throws StorageError where it cannot be opened now; roll_back() then clears what is left.
  virtual void begin(Answers answers) = 0;
  /// Ends it: what was written is durable when this returns. Throws StorageError: a fatal one where it is unknown what was
  /// kept; any other says for certain that nothing was, and leaves roll_back() to be called.
  virtual void commit() = 0;
  /// Undoes it, if it still is open.
  virtual void roll_back() noexcept = 0;
  /// Called now and then while there is nothing to do, outside a transaction.
  virtual void idle() {}
  /// Which session with a server this is: another one after a reconnect, in which somebody else may have written.
  virtual std::int64_t session() const { return 0; }

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
