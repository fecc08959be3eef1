#pragma once

#include <functional>
#include <memory>
#include <stdexcept>

#include "contract/catalog.hpp"
#include "contract/proxy.hpp"
#include "contract/routes.hpp"
#include "host/environment.hpp"
#include "seam/gate.hpp"

namespace seamline::host {

/// A module that runs in this host, behind its gate, whatever its contract.
class HostedModule {
 public:
  virtual ~HostedModule() = default;
  /// The gated port, a `Port<C>*`: what edges are connected to.
  virtual void* port() = 0;
  virtual seam::Gate& gate() = 0;
};

template <AContract C>
class TypedHostedModule final : public HostedModule {
 public:
  explicit TypedHostedModule(std::unique_ptr<Port<C>> module) : module_(std::move(module)), gated_(gate_, *module_) {}
  void* port() override { return static_cast<Port<C>*>(&gated_); }
  seam::Gate& gate() override { return gate_; }

 private:
  std::unique_ptr<Port<C>> module_;
  seam::Gate gate_;
  seam::GatedPort<C> gated_;
};

/// A module that runs elsewhere, whatever its contract.
class RemoteModule {
 public:
  virtual ~RemoteModule() = default;
  /// The proxy, a `Port<C>*`: what edges are connected to.
  virtual void* port() = 0;
};

template <AContract C>
class TypedRemoteModule final : public RemoteModule {
 public:
  explicit TypedRemoteModule(Transport& transport) : proxy_(transport) {}
  void* port() override { return static_cast<Port<C>*>(&proxy_); }

 private:
  Proxy<C> proxy_;
};

/// A way to a module from outside the modules: an edge of its own, and the contract's routes over it.
class Entrance {
 public:
  virtual ~Entrance() = default;
  virtual Edge& edge() = 0;
  virtual std::vector<OperationRoute> routes() = 0;
};

template <AContract C>
class TypedEntrance final : public Entrance {
 public:
  explicit TypedEntrance(std::string caller) : edge_(std::move(caller)) {}
  Edge& edge() override { return edge_; }
  std::vector<OperationRoute> routes() override { return routes_of<C>(edge_.port()); }

 private:
  TypedEdge<C> edge_;
};

/// Thrown by a module's constructor where its environment is broken, such as a key file that others can read. `what()` says what
/// to do. The host refuses to start with it.
class CannotStart : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// How a module is made here, or reached elsewhere. The kernel knows no module; the composition hands it these.
struct ModuleSpec {
  std::string name;
  /// What this program knows of it; another host's may know more.
  ContractDescriptor contract;
  /// Without the publishers' topics, which only their own contracts know.
  std::vector<EventDescriptor> hears;
  /// Whether it has a repository over documents too; else it needs rows.
  bool can_keep_documents = false;
  std::function<std::unique_ptr<HostedModule>(Environment&)> create;
  /// `Transport` exists and outlives what is made.
  std::function<std::unique_ptr<RemoteModule>(Transport&)> connect;
  /// `caller` names the edge.
  std::function<std::unique_ptr<Entrance>(std::string caller)> open_entrance;
};

/// The spec of a module class `M`, which is a `Port<M::Contract>` and is made from an Environment and its Settings. It may say
/// what it `Hears`, and that it `can_keep_documents`.
/// Instantiate it in the module's own .cpp: it holds every route and the proxy of the contract.
template <class M>
ModuleSpec spec_of(typename M::Settings settings) {
  using C = typename M::Contract;
  ModuleSpec spec;
  spec.name = C::module;
  spec.contract = contract_of<C>();
  if constexpr (requires { typename M::Hears; }) {
    for_each_event(typename M::Hears{}, [&]<Event E>() { spec.hears.push_back(describe_event<E>({})); });
  }
  if constexpr (requires { M::can_keep_documents; }) spec.can_keep_documents = M::can_keep_documents;
  spec.create = [settings = std::move(settings)](Environment& environment) -> std::unique_ptr<HostedModule> {
    return std::make_unique<TypedHostedModule<C>>(std::make_unique<M>(environment, settings));
  };
  spec.connect = [](Transport& transport) -> std::unique_ptr<RemoteModule> {
    return std::make_unique<TypedRemoteModule<C>>(transport);
  };
  spec.open_entrance = [](std::string caller) -> std::unique_ptr<Entrance> {
    return std::make_unique<TypedEntrance<C>>(std::move(caller));
  };
  return spec;
}

}  // namespace seamline::host
