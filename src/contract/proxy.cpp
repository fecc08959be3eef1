#include "contract/proxy.hpp"

namespace seamline {

bool is_repeatable(const RemoteOperation& operation, const CallContext& context) {
  switch (operation.repeat) {
    case Repeat::safe: return true;
    case Repeat::with_key: return !context.idempotency_key.empty();
    case Repeat::never: return false;
  }
  return false;
}

Error unreadable_reply(const RemoteOperation& operation, const CallContext& context, const Error& reason) {
  constexpr ErrorCode bad_reply{"call.bad_reply", Kind::unavailable};
  Error error = std::move(fail(bad_reply, "The service of " + std::string(operation.module) + " gave a reply to " +
                                              std::string(operation.name) + " that cannot be read: " + reason.detail)
                              .value());
  error.may_have_run = operation.route.verb != Verb::get;
  error.retryable = !error.may_have_run || is_repeatable(operation, context);
  error.from_seam = true;
  return error;
}

}  // namespace seamline
