#include "registry/discovered_endpoints.hpp"

#include <algorithm>

namespace seamline::registry {
namespace {

constexpr ErrorCode no_instance{"call.no_instance", Kind::unavailable};

}  // namespace

void DiscoveredEndpoints::set_urls(const std::vector<std::string>& urls) {
  const std::lock_guard lock(mutex_);
  if (urls.empty()) {
    if (empty_since_ == Instant::never()) empty_since_ = clock_.monotonic();
    return;
  }
  empty_since_ = Instant::never();
  std::vector<Endpoint> found;
  for (const std::string& url : urls) {
    const auto same = [&url](const Endpoint& endpoint) { return endpoint.url == url; };
    if (std::any_of(found.begin(), found.end(), same)) continue;
    const auto known = std::find_if(endpoints_.begin(), endpoints_.end(), same);
    found.push_back(known == endpoints_.end() ? Endpoint{url, 0, 0, {}} : *known);
  }
  endpoints_ = std::move(found);
}

std::vector<std::string> DiscoveredEndpoints::available() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> urls;
  for (const Endpoint& endpoint : endpoints_) {
    if (!endpoint.is_ejected(clock_.monotonic())) urls.push_back(endpoint.url);
  }
  return urls;
}

Result<std::string> DiscoveredEndpoints::choose() {
  const std::lock_guard lock(mutex_);
  const Instant now = clock_.monotonic();
  end_hold(now);
  for (std::size_t tries = 0; tries < endpoints_.size(); ++tries) {
    const Endpoint& endpoint = endpoints_[next_++ % endpoints_.size()];
    if (!endpoint.is_ejected(now)) return endpoint.url;
  }
  // A list that has shrunk may consist of ejected ones alone: better one of these than none.
  if (!endpoints_.empty()) return endpoints_[next_++ % endpoints_.size()].url;
  if (!configured_url_.empty()) return configured_url_;
  auto error = fail(no_instance, "No instance is known that is well.");
  error.value().retryable = true;
  return error;
}

void DiscoveredEndpoints::report(const std::string& url, bool has_answered) {
  const std::lock_guard lock(mutex_);
  const auto known = std::find_if(endpoints_.begin(), endpoints_.end(), [&](const Endpoint& one) { return one.url == url; });
  if (known == endpoints_.end()) return;
  const Instant now = clock_.monotonic();
  // What was under way when it was ejected says nothing new.
  if (known->is_ejected(now)) return;
  if (has_answered) {
    known->failures = 0;
    known->ejections = 0;
    return;
  }
  if (++known->failures < options_.failures || !may_eject(now)) return;
  known->failures = 0;
  ++known->ejections;
  known->ejected_until = now.plus_ms(std::min(options_.eject_ms * known->ejections, options_.max_eject_ms));
}

void DiscoveredEndpoints::end_hold(Instant now) {
  if (empty_since_ == Instant::never() || now < empty_since_.plus_ms(options_.hold_ms)) return;
  endpoints_.clear();
}

bool DiscoveredEndpoints::may_eject(Instant now) const {
  const auto ejected =
      std::count_if(endpoints_.begin(), endpoints_.end(), [now](const Endpoint& one) { return one.is_ejected(now); });
  return 2 * (static_cast<std::size_t>(ejected) + 1) <= endpoints_.size();
}

}  // namespace seamline::registry
