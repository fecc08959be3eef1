#pragma once

#include <array>
#include <span>

#include "base/call_context.hpp"
#include "base/result.hpp"
#include "contract/fields.hpp"

namespace seamline {

enum class Verb : std::uint8_t { get, post, put, patch, del };

/// Who may call an operation. `owner`: any authenticated caller; the module itself checks that the thing is the caller's.
/// `internal`: other modules only; its route exists on service listeners, never at the gateway.
enum class Access : std::uint8_t { anyone, user, owner, admin, service, internal };

/// What repeating a call does. A seam retries by this alone.
enum class Repeat : std::uint8_t {
  safe,      // changes nothing, or changes nothing the second time
  with_key,  // safe under one idempotency key
  never,
};

/// How a request's body is written.
enum class BodyFormat : std::uint8_t { json, form };

/// Where an operation lives in HTTP. `{name}` in the path is the member of that name; the other members are the query of a
/// GET and the body of everything else.
struct Route {
  Verb verb;
  std::string_view path;
  /// Where the thing that was made can be read, with members of the reply: "/orders/{order_id}". Makes the status 201.
  std::string_view location{};
  BodyFormat body = BodyFormat::json;

  constexpr int success_status() const { return location.empty() ? 200 : 201; }
};

/// A command or query that a module answers. The request type is the operation.
template <class T>
concept Operation = Message<T> && Message<typename T::Reply> && requires {
  { T::name } -> std::convertible_to<std::string_view>;
  { T::summary } -> std::convertible_to<std::string_view>;
  { T::route } -> std::convertible_to<Route>;
  { T::access } -> std::convertible_to<Access>;
  { T::repeat } -> std::convertible_to<Repeat>;
  { std::span<const ErrorCode>(T::errors) };
};

/// The identity of a kind of event: `seamline.<module>.<name>.v<version>` in an envelope, `name` in the body.
struct EventType {
  std::string_view module;
  std::string_view name;
  int version;

  std::string full_name() const {
    return "seamline." + std::string(module) + "." + std::string(name) + ".v" + std::to_string(version);
  }
};

/// A published fact. `subject()` is the id of the aggregate it is about: entries of one subject stay in order.
template <class T>
concept Event = Message<T> && requires(const T& event) {
  { T::type } -> std::convertible_to<EventType>;
  { event.subject() } -> std::convertible_to<std::string_view>;
};

template <Operation... Ops>
struct Operations {
  static constexpr std::size_t size = sizeof...(Ops);
};

template <Event... Events>
struct Publishes {};

/// The events of others that a module hears. `using Hears = seamline::Hears<…>` in the module's class says so to others.
template <Event... Events>
struct Hears {};

/// The one list of what a module answers and publishes. A module derives its contract from it and adds its name and topic:
/// `struct UserContract : Contract<Operations<…>, Publishes<…>> { static constexpr std::string_view module = "user"; … };`
template <class OperationList, class EventList>
struct Contract {
  using operations = OperationList;
  using events = EventList;
};

template <class C>
concept AContract = requires {
  typename C::operations;
  typename C::events;
  { C::module } -> std::convertible_to<std::string_view>;
  { C::topic } -> std::convertible_to<std::string_view>;
};

/// Calls `visit.template operator()<Op>()` for each operation, in the order of the contract.
template <Operation... Ops, class Visit>
constexpr void for_each_operation(Operations<Ops...>, Visit&& visit) {
  (visit.template operator()<Ops>(), ...);
}
template <Event... Events, class Visit>
constexpr void for_each_event(Publishes<Events...>, Visit&& visit) {
  (visit.template operator()<Events>(), ...);
}

template <Event... Events, class Visit>
constexpr void for_each_event(Hears<Events...>, Visit&& visit) {
  (visit.template operator()<Events>(), ...);
}

/// The place of an operation in its contract's list.
template <class Op, class List>
struct IndexOf;
template <class Op, class... Rest>
struct IndexOf<Op, Operations<Op, Rest...>> : std::integral_constant<std::size_t, 0> {};
template <class Op, class First, class... Rest>
struct IndexOf<Op, Operations<First, Rest...>>
    : std::integral_constant<std::size_t, 1 + IndexOf<Op, Operations<Rest...>>::value> {};

/// An operation's errors, for one that has none of its own.
inline constexpr std::array<ErrorCode, 0> no_errors{};

/// Whether `caller` may call an operation of this access at all. Whose things it may touch is the module's own check.
/// Errors: request.unauthenticated, request.forbidden.
Result<void> check_access(Access access, const Caller& caller);

}  // namespace seamline
