#pragma once

#include "contract/port.hpp"
#include "contract/wire.hpp"

namespace seamline {

/// What a transport must know of the operation that it carries.
struct RemoteOperation {
  std::string_view module;
  std::string_view name;
  Route route;
  Access access;
  Repeat repeat;
};

template <AContract C, Operation Op>
inline constexpr RemoteOperation remote_operation{C::module, Op::name, Op::route, Op::access, Op::repeat};

/// Carries one encoded request to where a module runs, and its answer back: a socket, or a loop through bytes in tests.
class Transport {
 public:
  virtual ~Transport() = default;
  /// Thread-safe. Errors: whatever the callee answered, with its own code; else call.unavailable, call.deadline_exceeded.
  virtual Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) = 0;
};

/// Whether a second run of the operation does no harm: the one rule by which calls are repeated, or said to be repeatable.
bool is_repeatable(const RemoteOperation& operation, const CallContext& context);

/// What a caller hears of an answer that cannot be read as the operation's reply: call.bad_reply. What is wrong with the reply is
/// told in its detail, never as violations: the caller's request broke no rule.
Error unreadable_reply(const RemoteOperation& operation, const CallContext& context, const Error& reason);

/// The port of a module that runs elsewhere. `transport` exists and outlives it.
template <AContract C>
class Proxy final : public Overrides<C, Proxy<C>> {
 public:
  explicit Proxy(Transport& transport) : transport_(transport) {}

  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext& context, const Op& operation) {
    auto answer = transport_.send(context, remote_operation<C, Op>, encode_request(operation));
    if (!answer) return fail(std::move(answer.error()));
    auto reply = decode<typename Op::Reply>(answer->body, Reading::lenient, reply_limits);
    if (reply) return reply;
    return fail(unreadable_reply(remote_operation<C, Op>, context, reply.error()));
  }

 private:
  static constexpr json::ParseLimits reply_limits{.max_bytes = std::size_t{8} << 20U};
  Transport& transport_;
};

}  // namespace seamline
