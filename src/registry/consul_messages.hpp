#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "registry/instance.hpp"

/// The JSON of Consul's HTTP API, both ways. Source: the types of github.com/hashicorp/consul/api, v1.31.
namespace seamline::registry {

/// The host on which the registry runs, in Consul's word a node.
struct Node {
  std::string name = "seamline";
  std::string address = "127.0.0.1";
  std::string datacenter = "dc1";
  /// A UUID.
  std::string id;
};

/// Where an instance is, as a client finds it.
struct FoundInstance {
  std::string id;
  std::string address;
  std::int64_t port = 0;
  std::map<std::string, std::string> meta;
  bool operator==(const FoundInstance&) const = default;
};

/// The largest body of a registration.
inline constexpr std::size_t max_registration_bytes = std::size_t{64} << 10U;

/// The body of a registration; members that are unknown or null are ignored. Errors: registry.invalid.
Result<Registration> read_registration(std::string_view body);
std::string write_registration(const Registration& registration);

/// The body of a check's update. Errors: registry.invalid.
struct CheckUpdate {
  CheckStatus status = CheckStatus::critical;
  std::string output;
};
Result<CheckUpdate> read_check_update(std::string_view body);

/// An instance as the agent lists it.
void write_agent_service(json::Writer& out, const Node& node, const Instance& instance);
void write_checks(json::Writer& out, const Node& node, const Instance& instance);
/// An instance with node and checks, an element of /v1/health/service.
void write_health_entry(json::Writer& out, const Node& node, const Instance& instance);
/// An element of /v1/catalog/service.
void write_catalog_entry(json::Writer& out, const Node& node, const Instance& instance);

/// Reads the answer of /v1/health/service. An instance without an address is on its node. What lacks id, port or address is
/// left out. Errors: registry.bad_answer for anything else than a list of at most `max_instances`.
Result<std::vector<FoundInstance>> read_health_entries(std::string_view body, std::size_t max_instances);

}  // namespace seamline::registry
