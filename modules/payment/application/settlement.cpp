#include "application/settlement.hpp"

#include <algorithm>

#include "base/fault.hpp"
#include "base/money.hpp"

namespace seamline::payment {
namespace {

using Outcome = ProviderAnswer::Outcome;

std::vector<Line> lines_of(const order::OrderCreated& event) {
  std::vector<Line> lines;
  for (const order::EventItem& item : event.items) lines.push_back({item.product_id, item.quantity, item.unit_price_minor});
  return lines;
}

bool is_over(const std::optional<Timestamp>& expires_at, Timestamp now) { return expires_at && now > *expires_at; }

/// A movement under an id of its own, for mistakes that make one twice: the table's key would refuse it under the same.
[[maybe_unused]] LedgerTransaction once_more(LedgerTransaction movement) {
  movement.id += ":again";
  return movement;
}

}  // namespace

std::string charge_key(const OrderId& order_id) { return "charge:" + order_id.text; }
std::string refund_key(const OrderId& order_id) { return "refund:" + order_id.text; }

OrderPayment Settlement::find_or_begin(store::Transaction& transaction, const OrderId& order_id) const {
  if (auto known = repository_.find(transaction, order_id)) return std::move(*known);
  OrderPayment begun;
  begun.order_id = order_id;
  begun.payment_id = ids_.next_as<PaymentId>();
  begun.currency = defaults_.currency;
  begun.token = defaults_.token;
  return begun;
}

void Settlement::hear(store::Transaction& transaction, const order::OrderCreated& event) const {
  OrderPayment payment = find_or_begin(transaction, event.order_id);
  if (SEAMLINE_MISTAKE("no-cursor")) payment.standing = Standing::none, payment.ending = Ending::open;
  if (payment.standing != Standing::none) return;
  payment.user_id = event.user_id;
  payment.currency = event.currency.value_or(defaults_.currency);
  payment.token = event.payment_token.value_or(defaults_.token);
  const std::vector<Line> lines = lines_of(event);
  const auto amount = event.total_minor ? event.total_minor : sum_of(lines);
  payment.amount_minor = amount.value_or(0);
  if (SEAMLINE_MISTAKE("amount-in-31-bits")) payment.amount_minor &= 0x7FFF'FFFF;
  if (!payment.may_charge()) {
    // The order ended before it was heard of: no money moves, and nobody waits for a word.
    payment.standing = Standing::failed;
    payment.reason = "order_ended";
    repository_.save(transaction, payment);
  } else if (!event.total_minor && has_unpriced(lines)) {
    await_prices(transaction, payment, {event.order_id, lines, event.expires_at, 0, transaction.now()});
  } else {
    charge_in_time(transaction, payment, amount, event.expires_at);
  }
}

void Settlement::await_prices(store::Transaction& transaction, OrderPayment& payment, UnpricedOrder order) const {
  if (is_over(order.expires_at, transaction.now())) return failed(transaction, payment, "expired");
  payment.standing = Standing::pending;
  repository_.save(transaction, payment);
  repository_.set_unpriced(transaction, order);
  transaction.after_commit(wakers_.quotes);
}

std::optional<OrderPayment> Settlement::take_unpriced(store::Transaction& transaction, const UnpricedOrder& asked) const {
  const auto now = repository_.find_unpriced(transaction, asked.order_id);
  auto payment = repository_.find(transaction, asked.order_id);
  if (!now || now->attempts != asked.attempts || !payment) return std::nullopt;
  repository_.remove_unpriced(transaction, asked.order_id);
  return payment;
}

void Settlement::apply_prices(store::Transaction& transaction, const UnpricedOrder& asked,
                              const std::vector<Price>& prices) const {
  auto payment = take_unpriced(transaction, asked);
  if (!payment) return;
  const auto amount = sum_of(priced(asked.lines, prices, payment->currency));
  payment->amount_minor = amount.value_or(0);
  charge_in_time(transaction, *payment, amount, asked.expires_at);
}

void Settlement::ask_prices_again(store::Transaction& transaction, const UnpricedOrder& asked) const {
  auto payment = take_unpriced(transaction, asked);
  if (!payment) return;
  UnpricedOrder later = asked;
  ++later.attempts;
  later.due_at = {transaction.now().ms + wait_ms(later.attempts)};
  if (asked.expires_at) later.due_at = std::min(later.due_at, Timestamp{asked.expires_at->ms + 1});
  await_prices(transaction, *payment, later);
}

void Settlement::charge_in_time(store::Transaction& transaction, OrderPayment& payment, std::optional<std::int64_t> amount_minor,
                                std::optional<Timestamp> expires_at) const {
  if (!amount_minor || *amount_minor < 0 || *amount_minor > max_amount_minor) {
    payment.amount_minor = 0;
    failed(transaction, payment, "amount_unknown");
  } else if (is_over(expires_at, transaction.now())) {
    failed(transaction, payment, "expired");
  } else {
    begin_charge(transaction, payment);
  }
}

void Settlement::begin_charge(store::Transaction& transaction, OrderPayment& payment) const {
  SEAMLINE_CRASH_POINT("payment", "before-charge");
  payment.standing = Standing::pending;
  ProviderAnswer answer;
  if (provider_.is_immediate(payment.token)) {
    answer = provider_.charge(charge_key(payment.order_id), payment.amount_minor, payment.currency, payment.token);
  }
  SEAMLINE_CRASH_POINT("payment", "charge-answered");
  switch (answer.outcome) {
    case Outcome::done:
    case Outcome::taken: return captured(transaction, payment);
    case Outcome::refused: return failed(transaction, payment, answer.reason);
    case Outcome::unknown: break;
  }
  repository_.save(transaction, payment);
  leave_to_worker(transaction, payment.order_id, Action::charge, 0);
}

void Settlement::captured(store::Transaction& transaction, OrderPayment& payment) const {
  SEAMLINE_CRASH_POINT("payment", "before-capture");
  payment.standing = Standing::captured;
  const LedgerTransaction movement = capture(payment.order_id, payment.amount_minor, payment.currency);
  if (!SEAMLINE_MISTAKE("success-without-capture")) repository_.post(transaction, movement);
  if (SEAMLINE_MISTAKE("capture-twice")) repository_.post(transaction, once_more(movement));
  if (SEAMLINE_MISTAKE("earn-at-capture")) bill(transaction, payment);
  if (payment.ending == Ending::cancelled) return begin_refund(transaction, payment, "order_cancelled");
  repository_.save(transaction, payment);
  // Where the order did not wait for an answer of the provider, nobody waits for one now; what came in is earned.
  if (payment.ending == Ending::confirmed) return bill(transaction, payment);
  if (SEAMLINE_MISTAKE("success-unannounced")) return;
  transaction.publish(PaymentSuccess{payment.order_id, payment.payment_id, payment.amount_minor});
  SEAMLINE_CRASH_POINT("payment", "captured");
}

void Settlement::failed(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const {
  payment.standing = Standing::failed;
  payment.reason = reason;
  repository_.save(transaction, payment);
  SEAMLINE_CRASH_POINT("payment", "failure-saved");
  if (SEAMLINE_MISTAKE("failure-as-success")) transaction.publish(PaymentSuccess{payment.order_id, payment.payment_id, 0});
  if (payment.ending == Ending::open) transaction.publish(PaymentFailed{payment.order_id, payment.payment_id, reason});
  SEAMLINE_CRASH_POINT("payment", "failed");
}

void Settlement::hear(store::Transaction& transaction, const order::OrderConfirmed& event) const {
  OrderPayment payment = find_or_begin(transaction, event.order_id);
  if (SEAMLINE_MISTAKE("confirmation-not-kept") || !payment.hear_ending(Ending::confirmed)) return;
  repository_.save(transaction, payment);
  if (payment.may_earn()) bill(transaction, payment);
}

void Settlement::bill(store::Transaction& transaction, const OrderPayment& payment) const {
  SEAMLINE_CRASH_POINT("payment", "before-bill");
  repository_.post(transaction, earn(payment.order_id, payment.amount_minor, payment.currency));
  const Invoice invoice{ids_.next(),          payment.order_id, payment.payment_id,
                        payment.amount_minor, payment.currency, transaction.now()};
  SEAMLINE_CRASH_POINT("payment", "earned");
  if (!SEAMLINE_MISTAKE("invoice-forgotten")) repository_.add_invoice(transaction, {invoice, payment.user_id});
  SEAMLINE_CRASH_POINT("payment", "billed");
}

void Settlement::hear(store::Transaction& transaction, const order::OrderCancelled& event) const {
  OrderPayment payment = find_or_begin(transaction, event.order_id);
  payment.hear_ending(Ending::cancelled);
  SEAMLINE_CRASH_POINT("payment", "before-undo-of-cancelled");
  undo(transaction, payment, "order_cancelled");
  SEAMLINE_CRASH_POINT("payment", "cancelled-undone");
}

void Settlement::hear(store::Transaction& transaction, const inventory::InventoryFailed& event) const {
  OrderPayment payment = find_or_begin(transaction, event.order_id);
  SEAMLINE_CRASH_POINT("payment", "before-undo-of-unreserved");
  undo(transaction, payment, event.reason.value_or("inventory_failed"));
  SEAMLINE_CRASH_POINT("payment", "unreserved-undone");
}

void Settlement::undo(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const {
  if (payment.ending == Ending::confirmed) return;
  if (SEAMLINE_MISTAKE("refund-without-capture") && payment.standing == Standing::failed) return refunded(transaction, payment);
  if (payment.standing == Standing::captured) return begin_refund(transaction, payment, reason);
  if (payment.standing == Standing::pending && repository_.find_unpriced(transaction, payment.order_id)) {
    repository_.remove_unpriced(transaction, payment.order_id);
    return failed(transaction, payment, reason);
  }
  if (payment.standing == Standing::pending) leave_to_worker(transaction, payment.order_id, Action::void_charge, 0);
  repository_.save(transaction, payment);
}

void Settlement::begin_refund(store::Transaction& transaction, OrderPayment& payment, const std::string& reason) const {
  payment.reason = reason;
  if (SEAMLINE_MISTAKE("refund-forgotten")) return repository_.save(transaction, payment);
  SEAMLINE_CRASH_POINT("payment", "before-refund");
  if (provider_.is_immediate(payment.token) &&
      provider_.refund(refund_key(payment.order_id), payment.amount_minor, payment.currency).outcome == Outcome::done) {
    return refunded(transaction, payment);
  }
  repository_.save(transaction, payment);
  leave_to_worker(transaction, payment.order_id, Action::refund, 0);
}

void Settlement::refunded(store::Transaction& transaction, OrderPayment& payment) const {
  payment.standing = Standing::refunded;
  SEAMLINE_CRASH_POINT("payment", "refund-answered");
  LedgerTransaction movement = refund(payment.order_id, payment.amount_minor, payment.currency);
  if (SEAMLINE_MISTAKE("refund-of-wrong-amount")) movement.postings = {Posting{Account::settlement, 1}, {Account::provider, -1}};
  repository_.post(transaction, movement);
  if (SEAMLINE_MISTAKE("refund-twice")) repository_.post(transaction, once_more(movement));
  repository_.save(transaction, payment);
  if (SEAMLINE_MISTAKE("refund-unannounced")) return;
  transaction.publish(PaymentRefunded{payment.order_id, payment.payment_id, payment.amount_minor, payment.reason});
  SEAMLINE_CRASH_POINT("payment", "refunded");
}

std::int64_t Settlement::wait_ms(std::int64_t attempts) const {
  return std::min(defaults_.retry_ms << std::min<std::int64_t>(attempts - 1, 20), defaults_.most_retry_ms);
}

void Settlement::leave_to_worker(store::Transaction& transaction, const OrderId& order_id, Action action,
                                 std::int64_t attempts) const {
  if (SEAMLINE_MISTAKE("work-not-stored")) return;
  repository_.set_work(transaction,
                       {order_id, action, attempts, {transaction.now().ms + (attempts == 0 ? 0 : wait_ms(attempts))}});
  SEAMLINE_CRASH_POINT("payment", "work-left");
  transaction.after_commit(wakers_.provider);
}

void Settlement::apply_answer(store::Transaction& transaction, const ProviderWork& work, const ProviderAnswer& answer) const {
  const auto now = repository_.find_work(transaction, work.order_id);
  auto payment = repository_.find(transaction, work.order_id);
  // A cancel may have turned the charge into a void while the provider was asked: then the void will learn what happened.
  if (!now || now->action != work.action || now->attempts != work.attempts || !payment) return;
  if (answer.outcome == Outcome::unknown) return leave_to_worker(transaction, work.order_id, work.action, work.attempts + 1);
  repository_.remove_work(transaction, work.order_id);
  SEAMLINE_CRASH_POINT("payment", "work-done");
  if (work.action == Action::refund) {
    return answer.outcome == Outcome::done ? refunded(transaction, *payment)
                                           : leave_to_worker(transaction, work.order_id, work.action, work.attempts + 1);
  }
  const bool has_taken = work.action == Action::charge ? answer.outcome != Outcome::refused : answer.outcome == Outcome::taken;
  if (has_taken && work.action == Action::void_charge) {
    payment->standing = Standing::captured;
    repository_.post(transaction, capture(payment->order_id, payment->amount_minor, payment->currency));
    SEAMLINE_CRASH_POINT("payment", "void-found-capture");
    if (SEAMLINE_MISTAKE("void-keeps-capture")) return repository_.save(transaction, *payment);
    return begin_refund(transaction, *payment, payment->reason.value_or("order_cancelled"));
  }
  if (has_taken) return captured(transaction, *payment);
  failed(transaction, *payment, answer.reason.empty() ? "voided" : answer.reason);
}

}  // namespace seamline::payment
