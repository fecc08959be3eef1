#pragma once

#include <functional>
#include <memory>
#include <stdexcept>

#include "contract/routes.hpp"
#include "host/environment.hpp"
#include "seam/gate.hpp"

namespace seamline::host {

/// A module that runs in this host, behind its gate, whatever its contract.
class HostedModule {
 public:
  virtual ~HostedModule() = default;
  /// The gated port, a `Port<C>*`: what seams are connected to.
  virtual void* port() = 0;
  /// The routes of the contract, answered through the gateway's own seam.
  virtual std::vector<OperationRoute> routes() = 0;
  virtual Edge& gateway_edge() = 0;
  virtual seam::Gate& gate() = 0;
};

template <AContract C>
class TypedHostedModule final : public HostedModule {
 public:
  explicit TypedHostedModule(std::unique_ptr<Port<C>> module)
      : module_(std::move(module)), gated_(gate_, *module_), gateway_("gateway") {
    gateway_.connect(port());
  }
  void* port() override { return static_cast<Port<C>*>(&gated_); }
  std::vector<OperationRoute> routes() override { return routes_of<C>(gateway_.port()); }
  Edge& gateway_edge() override { return gateway_; }
  seam::Gate& gate() override { return gate_; }

 private:
  std::unique_ptr<Port<C>> module_;
  seam::Gate gate_;
  seam::GatedPort<C> gated_;
  TypedEdge<C> gateway_;
};

/// Thrown by a module's constructor where its environment is broken, such as a key file that others can read. `what()` says what
/// to do. The host refuses to start with it.
class CannotStart : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How a module is made. The kernel knows no module; the composition hands it these.
struct ModuleSpec {
  std::string name;
  std::function<std::unique_ptr<HostedModule>(Environment&)> create;
};

/// The spec of a module class `M`, which is a `Port<M::Contract>` and is made from an Environment and its Settings.
/// Instantiate it in the module's own .cpp: it holds every route of the contract.
template <class M>
ModuleSpec spec_of(typename M::Settings settings) {
  using C = typename M::Contract;
  return {std::string(C::module), [settings = std::move(settings)](Environment& environment) -> std::unique_ptr<HostedModule> {
            return std::make_unique<TypedHostedModule<C>>(std::make_unique<M>(environment, settings));
          }};
}

}  // namespace seamline::host
