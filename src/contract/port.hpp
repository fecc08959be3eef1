#pragma once

#include "contract/contract.hpp"

namespace seamline {

/// One operation of a port.
template <Operation Op>
struct Slot {
  virtual ~Slot() = default;
  virtual Result<typename Op::Reply> call(const CallContext& context, const Op& operation) = 0;
};

namespace detail {
template <class List>
struct PortOf;
template <class... Ops>
struct PortOf<Operations<Ops...>> : Slot<Ops>... {
  using Slot<Ops>::call...;
};
}  // namespace detail

/// The abstract interface of a contract: `port.call(context, GetUser{id})`. The module is one; so are the proxy to a remote
/// module, a seam and a gate. Thread-safe in every implementation. Never throws: failures are in the Result.
template <AContract C>
struct Port : detail::PortOf<typename C::operations> {};

/// Implements a port by one member template: `Body::run<Op>(context, operation)`, once for each operation.
/// Proxies, seams, gates and test doubles derive from it. A forgotten operation is a compile error.
template <AContract C, class Body, class List = typename C::operations>
struct Overrides;
template <AContract C, class Body>
struct Overrides<C, Body, Operations<>> : Port<C> {};
template <AContract C, class Body, class Op, class... Rest>
struct Overrides<C, Body, Operations<Op, Rest...>> : Overrides<C, Body, Operations<Rest...>> {
  using Port<C>::call;
  Result<typename Op::Reply> call(const CallContext& context, const Op& operation) override {
    return static_cast<Body*>(this)->template run<Op>(context, operation);
  }
};

}  // namespace seamline
