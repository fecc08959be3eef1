#include "http/connection_pool.hpp"

#include <algorithm>
#include <iterator>

namespace seamline::http {
namespace {

constexpr ErrorCode overloaded{"call.overloaded", Kind::unavailable};

}  // namespace

Result<Response> ConnectionPool::send(const std::string& url, const Request& request, const TimeLimits& time) {
  auto client = take(url);
  if (!client) {
    auto error = fail(overloaded, "There are " + std::to_string(options_.max_open) + " requests under way to " + url +
                                      " already; try again in a moment.");
    error.value().retryable = true;
    return error;
  }
  auto response = client->send(request, time);
  give_back(url, std::move(client));
  return response;
}

std::size_t ConnectionPool::idle() const {
  const std::lock_guard lock(mutex_);
  std::size_t count = 0;
  for (const auto& [url, connections] : connections_) count += connections.idle.size();
  return count;
}

std::unique_ptr<Client> ConnectionPool::take(const std::string& url) {
  std::vector<Idle> old;
  const std::lock_guard lock(mutex_);
  old = take_old();
  auto found = connections_.find(url);
  if (found == connections_.end()) found = connections_.try_emplace(url).first;
  Connections& connections = found->second;
  if (connections.in_use >= options_.max_open) return nullptr;
  ++connections.in_use;
  if (connections.idle.empty()) return std::make_unique<Client>(url, options_.client);
  auto client = std::move(connections.idle.back().client);
  connections.idle.pop_back();
  return client;
}

void ConnectionPool::give_back(const std::string& url, std::unique_ptr<Client> client) {
  const std::lock_guard lock(mutex_);
  Connections& connections = connections_.find(url)->second;
  --connections.in_use;
  if (client->is_connected() && connections.idle.size() < options_.max_idle) {
    connections.idle.push_back({std::move(client), clock_.monotonic()});
  } else if (connections.idle.empty() && connections.in_use == 0) {
    connections_.erase(url);
  }
}

std::vector<ConnectionPool::Idle> ConnectionPool::take_old() {
  std::vector<Idle> old;
  const Instant now = clock_.monotonic();
  for (auto at = connections_.begin(); at != connections_.end();) {
    auto& idle = at->second.idle;
    const auto young =
        std::find_if(idle.begin(), idle.end(), [&](const Idle& one) { return now < one.since.plus_ms(options_.idle_ms); });
    std::move(idle.begin(), young, std::back_inserter(old));
    idle.erase(idle.begin(), young);
    at = idle.empty() && at->second.in_use == 0 ? connections_.erase(at) : std::next(at);
  }
  return old;
}

}  // namespace seamline::http
