#include "seam/call_span.hpp"

namespace seamline::seam {

using observe::SpanKind;

CallSpan::CallSpan(observe::Tracer& tracer, std::string_view caller, std::string_view module, std::string_view operation,
                   const CallContext& context)
    : span_(&tracer, SpanKind::client, context.traceparent), context_(context) {
  span_.name(std::string(caller) + " -> " + std::string(operation));
  span_.attribute("seamline.module", caller);
  describe(module, operation);
}

CallSpan::CallSpan(observe::Tracer& tracer, std::string_view module, std::string_view operation, const CallContext& context)
    : span_(&tracer, SpanKind::server, context.traceparent), context_(context) {
  span_.name(std::string(operation));
  span_.attribute("seamline.module", module);
  describe(module, operation);
}

void CallSpan::describe(std::string_view module, std::string_view operation) {
  span_.trace_state(context_.tracestate);
  span_.attribute("rpc.system", "seamline");
  span_.attribute("rpc.service", module);
  // An operation is named `user.get`.
  span_.attribute("rpc.method", operation.substr(operation.find('.') + 1));
  // Nothing where the traceparent turned out not to be one.
  if (span_.is_recorded()) context_.traceparent = span_.traceparent();
}

}  // namespace seamline::seam
