#pragma once

#include "base/call_context.hpp"
#include "base/result.hpp"
#include "observe/trace.hpp"

namespace seamline::seam {

/// The span of one call whose trace is recorded: the caller's side of it in a seam, and the callee's behind the gate. Both are
/// there wherever the callee runs, since what carries a call between processes adds none.
class CallSpan {
 public:
  /// The caller's side: "order -> user.get".
  CallSpan(observe::Tracer& tracer, std::string_view caller, std::string_view module, std::string_view operation,
           const CallContext& context);
  /// The callee's side: "user.get".
  CallSpan(observe::Tracer& tracer, std::string_view module, std::string_view operation, const CallContext& context);

  /// The call's context with this span in the place of its parent.
  const CallContext& context() const { return context_; }
  void failed(const Error& error) { span_.fail(error.code); }

 private:
  void describe(std::string_view module, std::string_view operation);

  observe::ActiveSpan span_;
  CallContext context_;
};

}  // namespace seamline::seam
