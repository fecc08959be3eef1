#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "contract/fields.hpp"

namespace seamline::registry {

namespace errors {
inline constexpr ErrorCode invalid{"registry.invalid", Kind::malformed};
inline constexpr ErrorCode too_many{"registry.too_many", Kind::limited};
inline constexpr ErrorCode unknown_service{"registry.unknown_service", Kind::not_found};
inline constexpr ErrorCode unknown_check{"registry.unknown_check", Kind::not_found};
inline constexpr ErrorCode unavailable{"registry.unavailable", Kind::unavailable};
inline constexpr ErrorCode bad_answer{"registry.bad_answer", Kind::unavailable};
}  // namespace errors

/// How a check stands, from good to bad.
enum class CheckStatus : std::uint8_t { passing, warning, critical };

/// What is looked at to know whether an instance is well. It has either a `ttl_ms` (the instance says so itself, in time) or
/// an `http` url (it is asked).
struct CheckDefinition {
  /// Empty: made of the instance's id.
  std::string id;
  std::string name;
  std::string notes;
  /// How it stands before it first ran.
  CheckStatus status = CheckStatus::critical;
  /// How long a word of the instance counts; 0 for a check that is no TTL check.
  std::int64_t ttl_ms = 0;
  /// `http://host:port/path`, at the address of its instance: 2xx is passing, 429 a warning, all else critical.
  std::string http;
  /// GET or HEAD.
  std::string method = "GET";
  std::vector<std::pair<std::string, std::string>> header;
  /// Must be empty: a registration that asks for one is refused.
  std::string body;
  std::int64_t interval_ms = 0;
  std::int64_t timeout_ms = 10'000;
  /// How many results in a row it takes to change the status; 0 and 1 are the same.
  std::int64_t successes_before_passing = 0;
  std::int64_t failures_before_critical = 0;
  /// An instance that is critical for so long is forgotten; 0 for never.
  std::int64_t deregister_after_ms = 0;

  bool operator==(const CheckDefinition&) const = default;
};

/// What an instance of a service says of itself.
struct Registration {
  /// Names the instance; a further registration with the same id replaces it.
  std::string id;
  /// The service's name.
  std::string name;
  std::vector<std::string> tags;
  /// A host name or address; empty means that of the registry's own host.
  std::string address;
  std::int64_t port = 0;
  std::map<std::string, std::string> meta;
  std::int64_t passing_weight = 1;
  std::int64_t warning_weight = 1;
  bool enable_tag_override = false;
  std::vector<CheckDefinition> checks;
};

/// One check as it stands.
struct Check {
  std::string id;
  std::string name;
  std::string notes;
  /// `http`, `ttl` or `maintenance`.
  std::string type;
  CheckStatus status = CheckStatus::critical;
  std::string output;
};

/// One instance as it stands.
struct Instance {
  /// Without its checks' definitions.
  Registration registration;
  std::vector<Check> checks;
  std::uint64_t create_index = 0;
  std::uint64_t modify_index = 0;

  /// The worst of its checks; passing where it has none.
  CheckStatus status() const;
};

}  // namespace seamline::registry

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::registry::CheckStatus>{"passing", "warning",
                                                                                                       "critical"};
