#pragma once

#include <functional>
#include <map>

#include "base/id.hpp"
#include "contract/routes.hpp"
#include "http/message.hpp"
#include "security/authenticator.hpp"

namespace seamline::http {

/// Turns a request into a call of an operation, and its outcome into a response. Immutable once built; thread-safe.
class Dispatcher {
 public:
  struct Options {
    /// How long a call may take that names no deadline of its own, in milliseconds.
    std::int64_t deadline_ms = 10'000;
    /// Answer internal operations too: on service listeners only.
    bool internal_operations = false;
  };

  /// A document that needs no operation: health, OpenAPI.
  using Document = std::function<Response()>;
  using Documents = std::map<std::string, Document, std::less<>>;

  /// All that is referred to exists and outlives the dispatcher.
  Dispatcher(std::vector<OperationRoute> routes, Documents documents, security::Authenticator& authenticator, const Clock& clock,
             IdSource& ids, Options options);

  /// Never throws: what goes wrong is a problem response.
  Response handle(const Request& request) const;

  /// All that it answers: what OpenAPI must describe.
  const std::vector<OperationRoute>& routes() const { return table_.routes(); }
  const Documents& documents() const { return documents_; }

 private:
  Response answer(const Request& request, const std::string& request_id) const;
  Response call(const Request& request, const RouteTable::Match& match, const std::string& request_id) const;
  Result<CallContext> read_context(const Request& request, const OperationRoute& route, const std::string& request_id) const;

  const RouteTable table_;
  const Documents documents_;
  security::Authenticator& authenticator_;
  const Clock& clock_;
  IdSource& ids_;
  const Options options_;
};

}  // namespace seamline::http
