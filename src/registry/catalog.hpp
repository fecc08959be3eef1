#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.hpp"
#include "registry/check_state.hpp"
#include "registry/instance.hpp"

namespace seamline::registry {

/// The state of the embedded registry: which instances of which services there are, and how they are. It lives in memory: after
/// a restart the instances register again. Thread-safe.
///
/// Each change takes the next index. The first one comes from the calendar, so that the indexes of a registry that was
/// restarted are above those that its clients know.
class Catalog {
 public:
  struct Limits {
    std::size_t max_instances = 1'000;
    std::size_t max_checks = 16;
    /// Of one instance; the same for its meta entries.
    std::size_t max_tags = 64;
    /// Of one text: an id, a name, a tag, a value.
    std::size_t max_text_bytes = 512;
    /// A check that asks to run more often runs so often (Consul's lower bound).
    std::int64_t min_interval_ms = 1'000;
    /// A run of a check takes no longer, whatever its Timeout.
    std::int64_t max_timeout_ms = 60'000;
    /// Blocking queries at once.
    std::size_t max_waiters = 256;
    /// Only this machine reaches the registry. An instance that names no address, or a loopback one, is then on this machine.
    bool is_on_loopback = false;
  };
  /// The instances of a service, by id, and the index to wait behind for the next change.
  struct Instances {
    std::uint64_t index = 0;
    std::vector<Instance> instances;
  };
  struct Services {
    std::uint64_t index = 0;
    /// Names with all tags that their instances have.
    std::map<std::string, std::set<std::string>> tags;
  };
  /// An HTTP check whose turn it is.
  struct DueCheck {
    std::string service_id;
    std::uint64_t number = 0;
    CheckDefinition definition;
  };

  /// `clock` exists and outlives the catalog.
  Catalog(const Clock& clock, Limits limits);
  explicit Catalog(const Clock& clock) : Catalog(clock, Limits()) {}

  /// Adds an instance, or replaces the one of the same id; a check that stays keeps its status. Checks of the earlier one that
  /// are not named again stay too, unless `replaces_checks`. Idempotent. Errors: registry.invalid, registry.too_many.
  Result<void> add(Registration registration, bool replaces_checks);
  /// Errors: registry.unknown_service.
  Result<void> remove(const std::string& service_id);
  /// An instance's own word on its TTL check. Errors: registry.unknown_check, registry.invalid for one that is no TTL check.
  Result<void> update_check(const std::string& check_id, CheckStatus status, std::string_view output);
  /// Takes an instance out of rotation, or back into it. Idempotent. Errors: registry.unknown_service.
  Result<void> set_maintenance(const std::string& service_id, bool is_on, std::string_view reason);

  Instances instances_of(const std::string& service) const;
  std::vector<Instance> all_instances() const;
  std::optional<Instance> find(const std::string& service_id) const;
  Services services() const;

  /// Waits until the service (the list of services, where its name is empty) has changed since index `after`, at most
  /// `wait_ms`, or until stop(). Returns at once for an index of another life of the registry.
  /// Errors: registry.too_many for more waiters than the limit.
  Result<void> await_change(const std::string& service, std::uint64_t after, std::int64_t wait_ms);

  /// Turns overdue TTL checks critical and forgets instances that are given up. Returns whether that changed anything.
  bool expire();
  /// The HTTP check that is next, if any is due. Its result must be recorded.
  std::optional<DueCheck> take_due_check();
  /// What running it showed. Ignored where the check has been replaced or removed meanwhile.
  void record(const DueCheck& check, CheckStatus status, std::string_view output);

  /// Lets all waiters go, and further ones not wait at all. Idempotent.
  void stop();

 private:
  struct Held {
    Registration registration;
    std::vector<CheckState> checks;
    std::optional<std::string> maintenance;
    std::uint64_t create_index = 0;
    std::uint64_t modify_index = 0;
  };
  using HeldInstances = std::map<std::string, Held>;

  Result<void> check_limits(const Registration& registration) const;
  /// Whether an instance other than this one has a check of that id.
  bool has_other_check(const std::string& service_id, const std::string& check_id) const;
  static Instance view(const Held& held);
  /// Gives the instance's service the next index, and wakes its waiters.
  void touch(Held& held);
  HeldInstances::iterator erase(HeldInstances::iterator held);
  std::uint64_t index_of(const std::string& service) const;

  const Clock& clock_;
  const Limits limits_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  HeldInstances instances_;
  /// When each service that has instances last changed.
  std::map<std::string, std::uint64_t> service_index_;
  std::uint64_t index_;
  /// When the list of services last changed, and when the last of a service's instances last went.
  std::uint64_t list_index_;
  std::uint64_t extinction_index_;
  std::uint64_t next_check_ = 1;
  std::size_t waiters_ = 0;
  bool is_stopping_ = false;
};

}  // namespace seamline::registry
