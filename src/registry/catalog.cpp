#include "registry/catalog.hpp"

#include <algorithm>
#include <chrono>

#include "base/text.hpp"
#include "http/address.hpp"
#include "http/head.hpp"

namespace seamline::registry {
namespace {

/// Ids of checks that no registration names, as Consul makes them.
void name_checks(Registration& registration) {
  std::size_t number = 0;
  for (CheckDefinition& check : registration.checks) {
    ++number;
    if (check.id.empty()) {
      check.id = "service:" + registration.id;
      if (registration.checks.size() > 1) check.id += ":" + std::to_string(number);
    }
    if (check.name.empty()) check.name = "Service '" + registration.name + "' check";
  }
}

/// Headers that would let a check speak as somebody: as a service, as a user of the shop.
bool names_caller(std::string_view name) {
  constexpr std::string_view prefix = "Seamline-";
  return http::equal_ignoring_case(name.substr(0, prefix.size()), prefix) || http::equal_ignoring_case(name, "Authorization");
}

/// A check is sent by the registry, from where it stands, and its author may stand elsewhere: so it only looks, and as nobody.
Result<void> check_request(const CheckDefinition& check) {
  if (check.method != "GET" && check.method != "HEAD") return fail(errors::invalid, "The Method of a check is GET or HEAD here.");
  if (!check.body.empty()) return fail(errors::invalid, "A check has no Body here.");
  for (const auto& [name, value] : check.header) {
    if (!http::is_token(name) || http::has_control_character(value))
      return fail(errors::invalid, "A Header of a check cannot be sent.");
    if (http::is_framing_header(name) || names_caller(name))
      return fail(errors::invalid,
                  "A check sends no Host, Connection, Content-Length, Transfer-Encoding, Authorization or "
                  "Seamline-* header here.");
  }
  return {};
}

/// The registry asks an instance where that says that it is, and nobody else.
Result<void> check_target(const CheckDefinition& check, const std::string& address, bool is_on_loopback) {
  const bool is_visible = std::all_of(check.http.begin(), check.http.end(), [](char c) { return c > 0x20 && c < 0x7F; });
  const auto target = is_visible ? http::address_of(check.http) : std::nullopt;
  if (!target)
    return fail(errors::invalid, "The url of a check is http://host:port/path, without blanks and control characters.");
  if (!address.empty() && http::equal_ignoring_case(target->host, address)) return {};
  if (is_on_loopback && http::is_loopback(target->host) && (address.empty() || http::is_loopback(address))) return {};
  return fail(errors::invalid, "A check asks the Address of its service, and no other host.");
}

Result<void> check_kind(const CheckDefinition& check, const std::string& address, bool is_on_loopback) {
  if (check.http.empty() == (check.ttl_ms == 0))
    return fail(errors::invalid, "A check has either HTTP or TTL; other kinds are not supported here.");
  if (check.http.empty()) return {};
  if (auto checked = check_target(check, address, is_on_loopback); !checked) return checked;
  if (auto checked = check_request(check); !checked) return checked;
  if (check.interval_ms <= 0 || check.timeout_ms <= 0)
    return fail(errors::invalid, "A check by HTTP has an Interval and a Timeout above 0.");
  return {};
}

}  // namespace

Catalog::Catalog(const Clock& clock, Limits limits)
    : clock_(clock),
      limits_(limits),
      index_(static_cast<std::uint64_t>(std::max<std::int64_t>(1, clock.now().ms))),
      list_index_(index_),
      extinction_index_(index_) {}

Result<void> Catalog::check_limits(const Registration& registration) const {
  if (registration.name.empty()) return fail(errors::invalid, "A service has a name.");
  if (registration.port < 0 || registration.port > 65'535) return fail(errors::invalid, "A port is between 0 and 65535.");
  const auto is_long = [this](const std::string& text) { return text.size() > limits_.max_text_bytes; };
  bool has_long = is_long(registration.id) || is_long(registration.name) || is_long(registration.address);
  for (const std::string& tag : registration.tags) has_long = has_long || is_long(tag);
  for (const auto& [key, value] : registration.meta) has_long = has_long || is_long(key) || is_long(value);
  for (const CheckDefinition& check : registration.checks) {
    has_long = has_long || is_long(check.id) || is_long(check.name) || is_long(check.notes) || is_long(check.http);
    if (auto checked = check_kind(check, registration.address, limits_.is_on_loopback); !checked) return checked;
  }
  if (has_long) return fail(errors::invalid, "A text is longer than " + std::to_string(limits_.max_text_bytes) + " bytes.");
  if (registration.tags.size() > limits_.max_tags || registration.meta.size() > limits_.max_tags ||
      registration.checks.size() > limits_.max_checks) {
    return fail(errors::invalid, "At most " + std::to_string(limits_.max_tags) + " tags and as many meta entries, and " +
                                     std::to_string(limits_.max_checks) + " checks.");
  }
  return {};
}

Result<void> Catalog::add(Registration registration, bool replaces_checks) {
  if (registration.id.empty()) registration.id = registration.name;
  name_checks(registration);
  if (auto checked = check_limits(registration); !checked) return checked;
  const std::lock_guard lock(mutex_);
  const auto existing = instances_.find(registration.id);
  if (existing == instances_.end() && instances_.size() >= limits_.max_instances)
    return fail(errors::too_many, "At most " + std::to_string(limits_.max_instances) + " instances can register here.");
  for (const CheckDefinition& definition : registration.checks) {
    if (has_other_check(registration.id, definition.id))
      return fail(errors::invalid, "CheckID \"" + definition.id + "\" belongs to another service.");
  }
  Held held;
  for (CheckDefinition& definition : registration.checks) {
    if (definition.interval_ms > 0) definition.interval_ms = std::max(definition.interval_ms, limits_.min_interval_ms);
    definition.timeout_ms = std::min(definition.timeout_ms, limits_.max_timeout_ms);
    held.checks.emplace_back(std::move(definition), next_check_++, clock_.monotonic());
  }
  registration.checks.clear();
  held.registration = std::move(registration);
  if (existing != instances_.end()) {
    held.create_index = existing->second.create_index;
    held.maintenance = existing->second.maintenance;
    for (const CheckState& earlier : existing->second.checks) {
      const auto same = std::find_if(held.checks.begin(), held.checks.end(),
                                     [&](const CheckState& check) { return check.definition().id == earlier.definition().id; });
      if (same != held.checks.end()) same->continue_from(earlier);
      if (same == held.checks.end() && !replaces_checks && held.checks.size() < limits_.max_checks)
        held.checks.push_back(earlier);
    }
    // The service may have another name now: its old one has lost an instance.
    if (existing->second.registration.name != held.registration.name) erase(existing);
  }
  Held& kept = instances_[held.registration.id] = std::move(held);
  touch(kept);
  list_index_ = index_;
  if (kept.create_index == 0) kept.create_index = index_;
  return {};
}

bool Catalog::has_other_check(const std::string& service_id, const std::string& check_id) const {
  return std::any_of(instances_.begin(), instances_.end(), [&](const auto& one) {
    const auto& checks = one.second.checks;
    return one.first != service_id &&
           std::any_of(checks.begin(), checks.end(), [&](const CheckState& check) { return check.definition().id == check_id; });
  });
}

Result<void> Catalog::remove(const std::string& service_id) {
  const std::lock_guard lock(mutex_);
  const auto held = instances_.find(service_id);
  if (held == instances_.end()) {
    return fail(errors::unknown_service,
                "Unknown service ID \"" + service_id + "\". Ensure that the service ID is passed, not the service name.");
  }
  erase(held);
  return {};
}

Result<void> Catalog::update_check(const std::string& check_id, CheckStatus status, std::string_view output) {
  const std::lock_guard lock(mutex_);
  for (auto& [id, held] : instances_) {
    for (CheckState& check : held.checks) {
      if (check.definition().id != check_id) continue;
      if (!check.is_ttl()) return fail(errors::invalid, "CheckID \"" + check_id + "\" does not have associated TTL");
      if (check.update(status, output, clock_.monotonic())) touch(held);
      return {};
    }
  }
  return fail(errors::unknown_check,
              "Unknown check ID \"" + check_id + "\". Ensure that the check ID is passed, not the check name.");
}

Result<void> Catalog::set_maintenance(const std::string& service_id, bool is_on, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  const auto held = instances_.find(service_id);
  if (held == instances_.end()) return fail(errors::unknown_service, "Unknown service ID \"" + service_id + "\".");
  if (held->second.maintenance.has_value() == is_on) return {};
  held->second.maintenance.reset();
  if (is_on) held->second.maintenance.emplace(text_prefix(reason, limits_.max_text_bytes));
  touch(held->second);
  return {};
}

Catalog::Instances Catalog::instances_of(const std::string& service) const {
  const std::lock_guard lock(mutex_);
  Instances found;
  found.index = index_of(service);
  for (const auto& [id, held] : instances_) {
    if (held.registration.name == service) found.instances.push_back(view(held));
  }
  return found;
}

std::vector<Instance> Catalog::all_instances() const {
  const std::lock_guard lock(mutex_);
  std::vector<Instance> found;
  for (const auto& [id, held] : instances_) found.push_back(view(held));
  return found;
}

std::optional<Instance> Catalog::find(const std::string& service_id) const {
  const std::lock_guard lock(mutex_);
  const auto held = instances_.find(service_id);
  if (held == instances_.end()) return std::nullopt;
  return view(held->second);
}

Catalog::Services Catalog::services() const {
  const std::lock_guard lock(mutex_);
  Services found;
  found.index = list_index_;
  for (const auto& [id, held] : instances_)
    found.tags[held.registration.name].insert(held.registration.tags.begin(), held.registration.tags.end());
  return found;
}

Result<void> Catalog::await_change(const std::string& service, std::uint64_t after, std::int64_t wait_ms) {
  std::unique_lock lock(mutex_);
  const auto has_changed = [&] { return is_stopping_ || index_of(service) != after; };
  if (has_changed()) return {};
  if (waiters_ >= limits_.max_waiters)
    return fail(errors::too_many, "At most " + std::to_string(limits_.max_waiters) + " blocking queries can wait here.");
  ++waiters_;
  changed_.wait_for(lock, std::chrono::milliseconds(wait_ms), has_changed);
  --waiters_;
  return {};
}

bool Catalog::expire() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.monotonic();
  bool did_any = false;
  for (auto held = instances_.begin(); held != instances_.end();) {
    auto& checks = held->second.checks;
    bool has_expired = false;
    for (CheckState& check : checks) has_expired = check.expire(now) || has_expired;
    if (has_expired) touch(held->second);
    const bool is_gone =
        std::any_of(checks.begin(), checks.end(), [&](const CheckState& check) { return check.is_given_up(now); });
    held = is_gone ? erase(held) : std::next(held);
    did_any = did_any || has_expired || is_gone;
  }
  return did_any;
}

std::optional<Catalog::DueCheck> Catalog::take_due_check() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.monotonic();
  // The one that has waited longest, so that slow ones at the front starve nobody.
  const std::string* service_id = nullptr;
  CheckState* next = nullptr;
  for (auto& [id, held] : instances_) {
    for (CheckState& check : held.checks) {
      if (!check.is_due(now) || (next && next->next_run() <= check.next_run())) continue;
      service_id = &id;
      next = &check;
    }
  }
  if (!next) return std::nullopt;
  next->start_run();
  return DueCheck{*service_id, next->number(), next->definition()};
}

void Catalog::record(const DueCheck& due, CheckStatus status, std::string_view output) {
  const std::lock_guard lock(mutex_);
  const auto held = instances_.find(due.service_id);
  if (held == instances_.end()) return;
  for (CheckState& check : held->second.checks) {
    if (check.number() == due.number && check.record(status, output, clock_.monotonic())) touch(held->second);
  }
}

void Catalog::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
  changed_.notify_all();
}

Instance Catalog::view(const Held& held) {
  Instance instance{held.registration, {}, held.create_index, held.modify_index};
  for (const CheckState& check : held.checks) instance.checks.push_back(check.view());
  if (held.maintenance) {
    const std::string reason = held.maintenance->empty() ? "Maintenance mode is enabled for this service." : *held.maintenance;
    instance.checks.push_back({"_service_maintenance:" + held.registration.id,
                               "Service Maintenance Mode",
                               reason,
                               "maintenance",
                               CheckStatus::critical,
                               {}});
  }
  return instance;
}

void Catalog::touch(Held& held) {
  held.modify_index = ++index_;
  service_index_[held.registration.name] = index_;
  changed_.notify_all();
}

Catalog::HeldInstances::iterator Catalog::erase(HeldInstances::iterator held) {
  const std::string service = held->second.registration.name;
  touch(held->second);
  list_index_ = index_;
  const auto next = instances_.erase(held);
  const bool has_others = std::any_of(instances_.begin(), instances_.end(),
                                      [&](const auto& other) { return other.second.registration.name == service; });
  if (!has_others) {
    service_index_.erase(service);
    extinction_index_ = index_;
  }
  return next;
}

std::uint64_t Catalog::index_of(const std::string& service) const {
  if (service.empty()) return list_index_;
  const auto found = service_index_.find(service);
  return found == service_index_.end() ? extinction_index_ : found->second;
}

}  // namespace seamline::registry
