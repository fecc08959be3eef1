#pragma once

#include <functional>
#include <map>

#include "base/id.hpp"
#include "contract/routes.hpp"
#include "http/message.hpp"
#include "observe/trace.hpp"
#include "security/authenticator.hpp"
#include "security/service_trust.hpp"

namespace seamline::http {

/// Turns a request into a call of an operation, and its outcome into a response. Immutable once built; thread-safe.
class Dispatcher {
 public:
  struct Options {
    /// How long a call may take that names no deadline of its own, in milliseconds.
    std::int64_t deadline_ms = 10'000;
    /// On a service listener: whether a peer is a service of the shop, which may say on whose behalf it calls, and use internal
    /// operations. Null at the gateway, where everybody is a client. Outlives the dispatcher.
    security::ServiceTrust* trust = nullptr;
    /// Services must name this host by a loopback address: where trust rests on the address alone, a web page whose own name
    /// was made to point here (DNS rebinding) must not pass for a service.
    bool services_name_loopback = false;
    /// What clients ask becomes spans of it; null for none. Calls that another process of the shop carries here have theirs in
    /// its seam and in the module's gate. Outlives the dispatcher.
    observe::Tracer* tracer = nullptr;
  };

  /// A document that needs no operation: health, OpenAPI.
  using Document = std::function<Response()>;
  using Documents = std::map<std::string, Document, std::less<>>;

  /// What only services may use and no operation offers: a module's event log. It answers its path and all paths below it.
  struct Resource {
    std::string path;
    /// `peer` is the name that the service has proven; empty where nobody has to prove one.
    std::function<Response(const Request&, const std::string& peer)> handle;
  };

  /// All that is referred to exists and outlives the dispatcher.
  Dispatcher(std::vector<OperationRoute> routes, Documents documents, security::Authenticator& authenticator, const Clock& clock,
             IdSource& ids, Options options, std::vector<Resource> resources = {});

  /// Never throws: what goes wrong is a problem response.
  Response handle(const Request& request) const;

  /// All that it answers: what OpenAPI must describe.
  const std::vector<OperationRoute>& routes() const { return table_.routes(); }
  const Documents& documents() const { return documents_; }

 private:
  Response answer(const Request& request, const std::string& request_id) const;
  Response trace(const Request& request, const RouteTable::Match& match, const std::string& request_id) const;
  /// `traceparent` is that of the request's own span; empty where it has none.
  Response call(const Request& request, const RouteTable::Match& match, const std::string& request_id,
                const std::string& traceparent) const;
  bool is_of_service(const Request& request) const;
  Response use(const Resource& resource, const Request& request, const std::string& request_id) const;
  const Resource* find_resource(std::string_view path) const;
  Result<CallContext> read_context(const Request& request, const OperationRoute& route, const std::string& request_id) const;
  Result<std::string> check_peer(const Request& request, const CallContext& claimed, Access access) const;
  Result<void> check_service(const Request& request, const OperationRoute& route, CallContext& context) const;
  Result<void> identify_client(const Request& request, const OperationRoute& route, CallContext& context) const;

  const RouteTable table_;
  const Documents documents_;
  security::Authenticator& authenticator_;
  const Clock& clock_;
  IdSource& ids_;
  const Options options_;
  const std::vector<Resource> resources_;
};

}  // namespace seamline::http
