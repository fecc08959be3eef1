#include "audit/saga.hpp"

namespace seamline::audit {
namespace {

void agreement(const Dossier& order, Findings& findings) {
  const std::string& status = order.order->status;
  const std::string stock = order.reservation ? order.reservation->stock : "untouched";
  const bool is_paid = !order.captures.empty() && order.refunds.empty();
  const bool agree =
      order.is_confirmed() ? is_paid && stock == "committed" : !is_paid && stock != "reserved" && stock != "committed";
  findings.examine("G1", agree, [&] {
    return order.name() + status + ", with " + (is_paid ? "money taken" : "no money taken") + " and its stock " + stock;
  });
  const std::string payment_ending = order.payment ? order.payment->ending : "unknown";
  const std::string stock_ending = order.reservation ? order.reservation->ending : "unknown";
  findings.examine("G6", payment_ending == status && stock_ending == status, [&] {
    return order.name() + status + "; payment has heard that it is " + payment_ending + ", inventory that it is " + stock_ending;
  });
}

void causes(const Dossier& order, Findings& findings) {
  if (order.is_confirmed()) {
    findings.examine("G2", count_of(order.inventory_log, "InventoryReserved") > 0,
                     [&] { return order.name() + "confirmed, and inventory never announced InventoryReserved"; });
  }
  if (order.reservation) {
    findings.examine("G2", !order.reservation->has_reserved() || count_of(order.payment_log, "PaymentSuccess") > 0,
                     [&] { return order.name() + "stock was reserved, and payment never announced PaymentSuccess"; });
  }
}

/// Money and goods of an order that somebody elsewhere has placed: what the modules that moved them know of it.
bool has_paid_for_a_reason(const Dossier& order) {
  return count_of(order.payment_log, "PaymentSuccess") + count_of(order.payment_log, "PaymentRefunded") > 0 ||
         (order.payment && order.payment->ending != "open");
}
bool has_lines(const Dossier& order) { return order.reserved_lines && !order.reserved_lines->empty(); }

}  // namespace

void examine_saga(const Dossier& order, Findings& findings) {
  const bool was_placed = order.was_placed();
  if (order.has_ended() && was_placed) agreement(order, findings);
  causes(order, findings);
  const auto moved = [&](std::size_t times, bool is_of_others) {
    for (std::size_t i = 0; i < times; ++i) {
      findings.examine("G3", was_placed || (!order.is_ours() && is_of_others),
                       [&] { return order.name() + "never placed, and money or goods moved for it"; });
    }
  };
  moved(order.captures.size(), has_paid_for_a_reason(order));
  moved(order.movements.size(), has_lines(order));
}

}  // namespace seamline::audit
