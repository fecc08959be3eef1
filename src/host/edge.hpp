#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "seam/seam.hpp"

namespace seamline::host {

/// The port of a module that no host has placed: every call fails with module.not_placed.
template <AContract C>
class UnplacedPort final : public Overrides<C, UnplacedPort<C>> {
 public:
  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext&, const Op&) {
    return fail(ErrorCode{"module.not_placed", Kind::unavailable}, "The module " + std::string(C::module) + " runs nowhere.");
  }
};

/// One operation of an edge, as it was measured.
struct EdgeOperation {
  std::string_view operation;
  const seam::Meter& meter;
};

/// One edge of the module graph, whatever its contract.
class Edge {
 public:
  virtual ~Edge() = default;
  virtual std::string_view caller() const = 0;
  virtual std::string_view callee() const = 0;
  /// Points the seam at the callee's port, a `Port<C>*`.
  virtual void connect(void* port) = 0;
  /// As Seam::trace_with.
  virtual void trace_with(observe::Tracer* tracer) = 0;
  virtual std::vector<EdgeOperation> operations() const = 0;
};

template <AContract C>
class TypedEdge final : public Edge {
 public:
  explicit TypedEdge(std::string caller) : seam_(std::move(caller), unplaced_) {}

  Port<C>& port() { return seam_; }
  std::string_view caller() const override { return seam_.caller(); }
  std::string_view callee() const override { return C::module; }
  void connect(void* port) override { seam_.point_at(*static_cast<Port<C>*>(port)); }
  void trace_with(observe::Tracer* tracer) override { seam_.trace_with(tracer); }
  std::vector<EdgeOperation> operations() const override {
    std::vector<EdgeOperation> all;
    for_each_operation(typename C::operations{}, [&]<Operation Op>() {
      all.push_back({Op::name, seam_.meter(IndexOf<Op, typename C::operations>::value)});
    });
    return all;
  }

 private:
  UnplacedPort<C> unplaced_;
  seam::Seam<C> seam_;
};

}  // namespace seamline::host
