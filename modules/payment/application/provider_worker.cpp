#include "application/provider_worker.hpp"

#include "base/fault.hpp"

namespace seamline::payment {

bool ProviderWorker::step() {
  struct Job {
    ProviderWork work;
    OrderPayment payment;
  };
  const auto job = environment_.store().read([&](store::View& view) -> std::optional<Job> {
    const auto due = repository_.due_work(view, environment_.clock().now(), 1);
    if (due.empty()) return std::nullopt;
    const auto payment = repository_.find(view, due.front().order_id);
    if (!payment) return std::nullopt;
    return Job{due.front(), *payment};
  });
  if (!job) return false;
  host::Work at_work = environment_.begin_work("provider");
  SEAMLINE_CRASH_POINT("payment", "before-ask");
  const ProviderAnswer answer = ask(job->work, job->payment);
  SEAMLINE_CRASH_POINT("payment", "after-ask-before-record");
  const auto applied = environment_.store().write(at_work.context, [&](store::Transaction& transaction) -> Result<void> {
    settlement_.apply_answer(transaction, job->work, answer);
    return {};
  });
  SEAMLINE_CRASH_POINT("payment", "after-record");
  if (!applied) at_work.span.fail(applied.error().code);
  return applied.has_value();
}

ProviderAnswer ProviderWorker::ask(const ProviderWork& work, const OrderPayment& payment) {
  switch (work.action) {
    case Action::charge:
      return provider_.charge(charge_key(work.order_id), payment.amount_minor, payment.currency, payment.token);
    case Action::void_charge: return provider_.void_charge(charge_key(work.order_id));
    case Action::refund: return provider_.refund(refund_key(work.order_id), payment.amount_minor, payment.currency);
  }
  return {};
}

}  // namespace seamline::payment
