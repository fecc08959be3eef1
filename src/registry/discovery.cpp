#include "registry/discovery.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "observe/log.hpp"

namespace seamline::registry {
namespace {

constexpr int burst = 2;

/// A name or an address, and nothing that would give a url another meaning.
bool is_host(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' ||
           c == ':';
  });
}

std::optional<std::uint64_t> epoch_of(const FoundInstance& instance) {
  const auto entry = instance.meta.find(std::string(epoch_meta));
  if (entry == instance.meta.end()) return std::nullopt;
  std::uint64_t epoch = 0;
  const std::string& text = entry->second;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), epoch);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return epoch;
}

}  // namespace

std::vector<std::string> urls_of(const std::vector<FoundInstance>& instances) {
  std::optional<std::uint64_t> highest;
  for (const FoundInstance& instance : instances) highest = std::max(highest, epoch_of(instance));
  std::vector<std::string> urls;
  for (const FoundInstance& instance : instances) {
    if (epoch_of(instance) != highest || !is_host(instance.address)) continue;
    const bool is_ipv6 = instance.address.find(':') != std::string::npos;
    const std::string host = is_ipv6 ? "[" + instance.address + "]" : instance.address;
    urls.push_back("http://" + host + ":" + std::to_string(instance.port));
  }
  return urls;
}

std::uint64_t next_index(std::uint64_t asked, std::uint64_t answered) {
  if (answered < asked) return 0;
  return std::max<std::uint64_t>(answered, 1);
}

Discovery::Discovery(ConsulClient::Options client, std::string service, DiscoveredEndpoints& endpoints, Options options,
                     const Clock& clock, Random& random)
    : client_(std::move(client)),
      service_(std::move(service)),
      endpoints_(endpoints),
      options_(options),
      clock_(clock),
      random_(random),
      next_(clock.monotonic()),
      refilled_(clock.monotonic()),
      tokens_(burst) {}

bool Discovery::step() {
  if (is_finished_.load() || clock_.monotonic() < next_ || !take_token()) return false;
  const auto found = client_.passing_instances(service_, index_);
  if (is_finished_.load()) return false;
  if (!found) {
    back_off(found.error());
    return true;
  }
  if (failures_ > 0) observe::log_info("registry", "the registry answers again for " + service_);
  failures_ = 0;
  index_ = next_index(index_, found->index);
  endpoints_.set_urls(urls_of(found->instances));
  return true;
}

bool Discovery::take_token() {
  const Instant now = clock_.monotonic();
  const std::int64_t refill = refilled_.ms_until(now) / std::max<std::int64_t>(1, options_.min_interval_ms);
  if (refill > 0) {
    tokens_ = static_cast<int>(std::min<std::int64_t>(burst, tokens_ + refill));
    refilled_ = now;
  }
  if (tokens_ == 0) return false;
  --tokens_;
  return true;
}

void Discovery::back_off(const Error& error) {
  if (failures_ == 0)
    observe::log_warning("registry", "cannot look for " + service_ + ", keeping what is known: " + error.detail);
  // The registry may be another one when it is back: what it knows is asked for at once.
  index_ = 0;
  const std::int64_t most = std::min(options_.max_backoff_ms, options_.first_backoff_ms << std::min(failures_, 20));
  ++failures_;
  next_ = clock_.monotonic().plus_ms(1 + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most))));
}

}  // namespace seamline::registry
