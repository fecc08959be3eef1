#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "contract/events.hpp"
#include "store/connection.hpp"
#include "store/event_log.hpp"

namespace seamline::store {

/// A consistent view of a module's store. A repository reads through it; SQL rows are one implementation.
class View {
 public:
  virtual ~View() = default;
  virtual Connection& rows() = 0;
};

/// Under what a reply is remembered: the caller (role and subject), the operation and the client's key.
struct AnswerKey {
  std::string caller;
  std::string operation;
  std::string key;
  auto operator<=>(const AnswerKey&) const = default;
};

/// A reply that is given again to a repeat of the same operation.
struct RememberedAnswer {
  /// SHA-256 of the canonically encoded operation.
  Sha256 fingerprint{};
  /// The encoded reply.
  std::string reply;
};

/// What a command may do to its module's store, all of it or nothing. A command may run a second time after a rollback: it
/// has no effect outside the store until the commit, reads and validates before its first write, and writes nothing when it
/// fails. Lives on the writer's thread, only while the command runs.
class Transaction : public View {
 public:
  /// When the command was queued: the same again if it runs again.
  virtual Timestamp now() const = 0;

  /// Publishes a fact: it is in the log exactly if the transaction commits, and is handed to the subscribers after it.
  template <Event E>
  void publish(const E& event) {
    static const std::string type = E::type.full_name();
    LogEntry entry;
    entry.type = type;
    entry.subject = event.subject();
    entry.payload = encode_event(event);
    entry.typed = std::make_shared<const E>(event);
    append(std::move(entry));
  }

  /// Sets the timer of this kind and subject: its handler runs in a transaction at `due`, or soon after. Setting it again
  /// moves it.
  virtual void set_timer(std::string_view kind, std::string_view subject, Timestamp due) = 0;
  /// Takes it back; nothing happens where there is none.
  virtual void cancel_timer(std::string_view kind, std::string_view subject) = 0;

  virtual std::optional<RememberedAnswer> remembered(const AnswerKey& key) = 0;
  virtual void remember(const AnswerKey& key, const RememberedAnswer& answer) = 0;

  /// Runs once the transaction is durable, on the writer's thread: to wake somebody, never to compute or to wait.
  virtual void after_commit(std::function<void()> action) = 0;

 protected:
  virtual void append(LogEntry entry) = 0;
};

/// The answer remembered under `key`, on any connection.
std::optional<RememberedAnswer> find_answer(Connection& rows, const AnswerKey& key);

}  // namespace seamline::store
