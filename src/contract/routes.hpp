#pragma once

#include <functional>
#include <memory>

#include "contract/descriptor.hpp"
#include "contract/port.hpp"
#include "contract/wire.hpp"

namespace seamline {

/// One operation as a route: what the router needs to call it and the documents need to describe it.
struct OperationRoute {
  std::string_view module;
  std::string_view operation;
  std::string_view summary;
  Route route;
  Access access;
  Repeat repeat;
  std::span<const ErrorCode> errors;
  /// Decodes the request, calls the port, encodes the reply.
  std::function<Result<Answer>(const CallContext&, const RequestParts&)> run;
  /// For the documents: the members of the request and of the reply.
  const MessageDescriptor* request = nullptr;
  const MessageDescriptor* reply = nullptr;
  /// The reply has an ETag.
  bool is_versioned = false;
  /// `Prefer: wait=N` is honoured.
  bool waits = false;
};

/// Whether a member of a route's request is written into its body, and not into its path or query.
bool is_in_body(const OperationRoute& route, std::string_view member);
/// Whether any is.
bool has_body(const OperationRoute& route);

/// Whether an operation declares `static constexpr bool waits = true`.
template <Operation Op>
constexpr bool honours_wait() {
  if constexpr (requires { Op::waits; }) {
    return Op::waits;
  } else {
    return false;
  }
}

/// The routes of a contract, answered by `port`, which exists and outlives them.
/// Instantiate in one .cpp per contract: each operation costs build time.
template <AContract C>
std::vector<OperationRoute> routes_of(Port<C>& port) {
  std::vector<OperationRoute> routes;
  for_each_operation(typename C::operations{}, [&]<Operation Op>() {
    routes.push_back({C::module, Op::name, Op::summary, Op::route, Op::access, Op::repeat, std::span<const ErrorCode>(Op::errors),
                      [&port](const CallContext& context, const RequestParts& parts) -> Result<Answer> {
                        auto operation = decode_request<Op>(parts);
                        if (!operation) return fail(std::move(operation.error()));
                        auto reply = port.call(context, *operation);
                        if (!reply) return fail(std::move(reply.error()));
                        return encode_reply<Op>(*reply);
                      },
                      &descriptor_of<Op>, &descriptor_of<typename Op::Reply>, Versioned<typename Op::Reply>, honours_wait<Op>()});
  });
  return routes;
}

/// Finds the route of a request. Literal segments beat parameters; a trailing slash is another path. Immutable once built,
/// so thread-safe.
class RouteTable {
 public:
  static constexpr std::size_t max_segments = 8;

  struct Match {
    const OperationRoute* route = nullptr;
    /// The path's parameters, views into the path that was looked up.
    std::array<std::pair<std::string_view, std::string_view>, max_segments> parameters;
    std::size_t parameter_count = 0;
    /// The verbs that this path has, where it has no route for the verb that was asked.
    std::vector<Verb> other_verbs;
  };

  /// Refuses (an assertion) two routes with the same verb and pattern, and a pattern with more than max_segments parameters.
  explicit RouteTable(std::vector<OperationRoute> routes);
  ~RouteTable();

  /// `path` is still percent-encoded and without the query. Without a verb (a method that no operation has) only the verbs
  /// of the path are found.
  Match find(std::optional<Verb> verb, std::string_view path) const;
  const std::vector<OperationRoute>& routes() const { return routes_; }

 private:
  struct Node;
  std::vector<OperationRoute> routes_;
  std::unique_ptr<Node> root_;
};

std::string_view name_of(Verb verb);
std::optional<Verb> verb_from_name(std::string_view name);

}  // namespace seamline
