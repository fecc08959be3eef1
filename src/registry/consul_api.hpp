#pragma once

#include "http/message.hpp"
#include "registry/catalog.hpp"
#include "registry/consul_messages.hpp"

namespace seamline::registry {

/// The part of Consul's HTTP API (v1) by which services register and are found, for a listener of its own, so that what speaks
/// to a Consul agent speaks to this one too. Agent and catalog are one here, because there is one node. Thread-safe.
///
///     PUT /v1/agent/service/register        PUT /v1/agent/service/deregister/<id>     PUT /v1/agent/service/maintenance/<id>
///     PUT /v1/agent/check/update/<check>    PUT /v1/agent/check/pass|warn|fail/<check>
///     GET /v1/agent/services                GET /v1/agent/self                        GET /v1/agent/health/service/id/<id>
///     GET /v1/catalog/services              GET /v1/catalog/service/<name>            GET /v1/health/service/<name>
///     GET /v1/status/leader
///
/// An error is a status with one line of text, as Consul's. Where a token is set, each request must bring it in X-Consul-Token;
/// where none is, its Host must be a loopback one.
class ConsulApi {
 public:
  /// A blocking query that names no time waits so long, and none waits longer than the other.
  static constexpr std::int64_t default_wait_ms = 5 * 60'000;
  static constexpr std::int64_t max_wait_ms = 10 * 60'000;

  /// `catalog` exists and outlives the API. `token`: empty where everybody may register.
  ConsulApi(Catalog& catalog, Node node, std::string token)
      : catalog_(catalog), node_(std::move(node)), token_(std::move(token)) {}

  /// A blocking query holds the thread that calls this; Catalog::stop() ends it.
  http::Response handle(const http::Request& request);

 private:
  struct Call;
  using Handler = http::Response (ConsulApi::*)(const Call&);
  struct Route {
    std::string_view method;
    std::string_view path;
    Handler handler;
  };
  static const Route routes[];

  bool is_allowed(const http::Request& request) const;
  http::Response add_service(const Call& call);
  http::Response remove_service(const Call& call);
  http::Response maintain(const Call& call);
  http::Response update_check(const Call& call);
  http::Response pass_check(const Call& call);
  http::Response warn_check(const Call& call);
  http::Response fail_check(const Call& call);
  http::Response set_check(const Call& call, CheckStatus status);
  http::Response list_instances(const Call& call);
  http::Response describe_self(const Call& call);
  http::Response instance_health(const Call& call);
  http::Response list_services(const Call& call);
  http::Response catalog_service(const Call& call);
  http::Response health_service(const Call& call);
  http::Response leader(const Call& call);

  /// Waits as a blocking query asks to. Errors: a bad index or wait, too many waiters.
  Result<void> block(const Call& call, const std::string& service);
  using WriteEntry = void (*)(json::Writer&, const Node&, const Instance&);
  http::Response list_entries(const Call& call, bool passing_only, WriteEntry write);

  Catalog& catalog_;
  const Node node_;
  const std::string token_;
};

}  // namespace seamline::registry
