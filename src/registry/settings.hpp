#pragma once

#include "contract/fields.hpp"

namespace seamline::registry {

/// How the other modules' instances are found.
enum class RegistryKind : std::uint8_t {
  /// "static": at the urls that are configured.
  configured,
  /// In the main process, which speaks the needed part of Consul's HTTP API.
  embedded,
  /// A Consul agent.
  consul,
};

}  // namespace seamline::registry

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::registry::RegistryKind>{"static", "embedded",
                                                                                                        "consul"};

namespace seamline::registry {

/// The section `registry` of the configuration.
struct RegistrySettings {
  RegistryKind kind = RegistryKind::configured;
  std::string url = "http://127.0.0.1:8500";
  std::string listen = "127.0.0.1:8500";
  Secret token;
  std::int64_t check_interval_ms = 10'000;
  std::int64_t check_timeout_ms = 2'000;
  std::int64_t deregister_after_ms = 600'000;
  std::int64_t announce_interval_ms = 2'000;
  std::int64_t wait_ms = 10'000;
  std::int64_t max_instances = 1'000;
  std::int64_t eject_failures = 5;
  std::int64_t eject_ms = 10'000;
  std::int64_t hold_ms = 30'000;

  static constexpr std::tuple fields{
      Field{"kind", &RegistrySettings::kind,
            "static: modules are at their configured urls. embedded: the main process keeps a registry. consul: a Consul agent "
            "does."},
      Field{"url", &RegistrySettings::url, "Where the registry is reached, embedded or Consul.", length(8, 300)},
      Field{"listen", &RegistrySettings::listen,
            "Address and port of the embedded registry; off loopback only with a token. Port 0 takes a free one.",
            length(3, 300)},
      Field{"token", &RegistrySettings::token, "Consul's token (X-Consul-Token); the embedded registry demands it.",
            length(0, 300)},
      Field{"check_interval_ms", &RegistrySettings::check_interval_ms,
            "How often the registry checks an instance, in milliseconds.", range(1'000, 600'000)},
      Field{"check_timeout_ms", &RegistrySettings::check_timeout_ms, "How long such a check may take, in milliseconds.",
            range(10, 60'000)},
      Field{"deregister_after_ms", &RegistrySettings::deregister_after_ms,
            "How long an instance may fail its check before it is forgotten, in milliseconds.", range(60'000, 86'400'000)},
      Field{"announce_interval_ms", &RegistrySettings::announce_interval_ms,
            "How often an instance looks whether the registry still knows it, in milliseconds.", range(10, 600'000)},
      Field{"wait_ms", &RegistrySettings::wait_ms, "How long a query to the registry waits for a change, in milliseconds.",
            range(10, 600'000)},
      Field{"max_instances", &RegistrySettings::max_instances, "Instances that are registered, or taken from the registry.",
            range(1, 10'000)},
      Field{"eject_failures", &RegistrySettings::eject_failures,
            "Failed calls in a row after which an instance is left out, where there are others.", range(1, 1'000)},
      Field{"eject_ms", &RegistrySettings::eject_ms, "For how long, the first time, in milliseconds.", range(1, 600'000)},
      Field{"hold_ms", &RegistrySettings::hold_ms,
            "How long known instances are used when the registry has none any more, in milliseconds.", range(0, 600'000)}};
};

}  // namespace seamline::registry
