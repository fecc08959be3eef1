#pragma once

#include <memory>

#include "host/module_spec.hpp"

namespace seamline::test {

/// Stands in for a module: publishes what the test tells it to, and answers by `P`, a Port<C>.
template <AContract C, class P = host::UnplacedPort<C>>
class StandIn final : public host::HostedModule {
 public:
  void* port() override { return static_cast<Port<C>*>(&port_); }
  seam::Gate& gate() override { return gate_; }

  static host::ModuleSpec spec() {
    host::ModuleSpec spec;
    spec.name = C::module;
    spec.create = [](host::Environment&) { return std::make_unique<StandIn>(); };
    return spec;
  }

 private:
  P port_;
  seam::Gate gate_;
};

}  // namespace seamline::test
