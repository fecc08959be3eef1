#include "audit/money.hpp"

namespace seamline::audit {
namespace {

/// Between which accounts a kind of transaction moves money.
struct Kind {
  std::string_view name;
  std::string_view to;
  std::string_view from;
};
constexpr std::array kinds{Kind{"capture", "provider", "settlement"}, Kind{"refund", "settlement", "provider"},
                           Kind{"earn", "settlement", "revenue"}};

Sum value_in(const std::map<std::string, Sum>& sums, const std::string& currency) {
  const auto found = sums.find(currency);
  return found == sums.end() ? 0 : found->second;
}

std::string text_of(const Moved& moved) { return std::to_string(moved.amount_minor) + " " + moved.currency; }

}  // namespace

struct MoneyChecks::Transaction {
  struct Entry {
    std::string account;
    std::string order_id;
    std::int64_t amount_minor = 0;
    std::string currency;
  };
  std::string id;
  std::vector<Entry> entries;

  /// Whether it is what M5 says; the number and the sum of its entries are M1's.
  bool is_well_formed() const;
};

bool MoneyChecks::Transaction::is_well_formed() const {
  const Entry& first = entries.front();
  for (const Entry& entry : entries) {
    if (entry.currency != first.currency || entry.order_id != first.order_id) return false;
  }
  for (const Kind& kind : kinds) {
    if (id != std::string(kind.name) + ":" + first.order_id) continue;
    bool has_to = false;
    for (const Entry& entry : entries) {
      if (entry.account != kind.to && entry.account != kind.from) return false;
      if (entry.account == kind.to && entry.amount_minor < 0) return false;
      has_to = has_to || entry.account == kind.to;
    }
    return has_to;
  }
  return false;
}

MoneyChecks::MoneyChecks(Cut& cut, Findings& findings) : payment_(cut.database(Owner::payment)), findings_(findings) {}

void MoneyChecks::examine_ledger() {
  Cursor row(
      payment_,
      "SELECT transaction_id, account, order_id, amount_minor, currency FROM ledger_entries ORDER BY transaction_id, account");
  Transaction transaction;
  while (row.next()) {
    if (row.text(0) != transaction.id || transaction.entries.empty()) {
      examine_transaction(transaction);
      transaction.id = row.text(0);
      transaction.entries.clear();
    }
    transaction.entries.push_back({std::string(row.text(1)), std::string(row.text(2)), row.integer(3), std::string(row.text(4))});
  }
  examine_transaction(transaction);
  for (const auto& [currency, sum] : ledger_) {
    if (sum != 0) findings_.violated("M2", currency + ": all entries add up to " + text_of(sum));
  }
}

void MoneyChecks::examine_transaction(const Transaction& transaction) {
  if (transaction.entries.empty()) return;
  Sum sum = 0;
  for (const Transaction::Entry& entry : transaction.entries) {
    sum += entry.amount_minor;
    ledger_[entry.currency] += entry.amount_minor;
    if (entry.account == "settlement") settlement_[entry.currency] += entry.amount_minor;
    if (entry.account == "revenue") revenue_[entry.currency] += entry.amount_minor;
  }
  findings_.examined("M2", static_cast<std::int64_t>(transaction.entries.size()));
  findings_.examine("M1", sum == 0 && transaction.entries.size() == 2, [&] {
    return transaction.id + ": " + std::to_string(transaction.entries.size()) + " entries that add up to " + text_of(sum);
  });
  findings_.examine("M5", transaction.is_well_formed(), [&] {
    return transaction.id + ": of no kind, or not between the accounts of its kind, in one currency and order";
  });
}

void MoneyChecks::examine(const Dossier& order) {
  follow_ups(order);
  payment_and_ledger(order);
  invoice(order);
  payment_and_order(order);
  announcements(order);
  provider_work(order);
  if (order.has_ended()) ended(order);
  if (order.refunds.empty() && order.earnings.empty()) {
    for (const Moved& capture : order.captures) captured_alone_[capture.currency] += capture.amount_minor;
  }
  if (order.is_confirmed() && order.order->total_minor) {
    confirmed_totals_[order.order->currency.value_or("")] += *order.order->total_minor;
  }
  if (!order.is_ours() && order.payment && order.payment->ending == "confirmed") {
    for (const Moved& earning : order.earnings) confirmed_totals_[earning.currency] += earning.amount_minor;
  }
}

void MoneyChecks::follow_ups(const Dossier& order) {
  const auto has_capture_of = [&](const Moved& moved) {
    return std::find(order.captures.begin(), order.captures.end(), moved) != order.captures.end();
  };
  const bool has_both = !order.refunds.empty() && !order.earnings.empty();
  for (const auto& [name, all] : {std::pair{"refund", &order.refunds}, std::pair{"earning", &order.earnings}}) {
    for (const Moved& moved : *all) {
      findings_.examine("M7", has_capture_of(moved) && !has_both, [&, what = name] {
        return order.name() + "a " + what + " of " + text_of(moved) + (has_both ? ", and both" : ", and no such capture");
      });
    }
  }
}

void MoneyChecks::payment_and_ledger(const Dossier& order) {
  if (!order.payment && order.captures.empty()) return;
  findings_.examined("M9", static_cast<std::int64_t>(order.captures.size()) + (order.payment ? 1 : 0));
  if (!order.payment) return findings_.violated("M9", order.name() + "a capture, and no payment");
  const std::string_view meant = order.captures.empty() ? "" : order.refunds.empty() ? "captured" : "refunded";
  const std::string& status = order.payment->status;
  const bool has_moved = status == "captured" || status == "refunded";
  const Moved amount{order.payment->amount_minor, order.payment->currency};
  const bool agree =
      std::all_of(order.captures.begin(), order.captures.end(), [&](const Moved& moved) { return moved == amount; }) &&
      std::all_of(order.refunds.begin(), order.refunds.end(), [&](const Moved& moved) { return moved == amount; });
  if (meant == (has_moved ? std::string_view(status) : "") && agree) return;
  findings_.violated("M9", order.name() + "the payment of " + text_of(amount) + " is " + status + ", and the ledger has " +
                               std::to_string(order.captures.size()) + " captures and " + std::to_string(order.refunds.size()) +
                               " refunds" + (agree ? "" : " of something else"));
}

void MoneyChecks::invoice(const Dossier& order) {
  if (!order.invoice && order.earnings.empty()) return;
  findings_.examined("M14", static_cast<std::int64_t>(order.earnings.size()) + (order.invoice ? 1 : 0));
  const bool agree = order.invoice && order.payment && order.invoice->payment_id == order.payment->payment_id &&
                     order.invoice->billed == Moved{order.payment->amount_minor, order.payment->currency} &&
                     order.earnings.size() == 1 && order.earnings.front() == order.invoice->billed;
  if (agree) return;
  findings_.violated("M14", order.name() + (order.invoice ? "an invoice of " + text_of(order.invoice->billed) : "no invoice") +
                                ", and " +
                                (order.earnings.empty() ? "no earning" : "an earning of " + text_of(order.earnings.front())));
}

void MoneyChecks::payment_and_order(const Dossier& order) {
  if (!order.payment ||
      (order.payment->status != "pending" && order.payment->status != "captured" && order.payment->status != "refunded")) {
    return;
  }
  if (!order.is_ours()) return;
  const Moved amount{order.payment->amount_minor, order.payment->currency};
  findings_.examine("M6", order.created && Moved{order.created->total_minor, order.created->currency} == amount, [&] {
    return order.name() + "a payment of " + text_of(amount) + ", and OrderCreated " +
           (order.created ? "says " + text_of(Moved{order.created->total_minor, order.created->currency}) : "is not there");
  });
}

void MoneyChecks::announcements(const Dossier& order) {
  findings_.examined("M16", static_cast<std::int64_t>(order.payment_log.size() + order.refunds.size()));
  const auto count = [&](std::string_view name) { return count_of(order.payment_log, name); };
  const auto complain = [&](const std::string& what) { findings_.violated("M16", order.name() + what); };
  const auto agrees = [](const Announcement& entry, const std::vector<Moved>& moved) {
    return !moved.empty() && read_integer(entry.payload, "amount") == moved.front().amount_minor;
  };
  if (count("PaymentSuccess") > 1) complain("PaymentSuccess more than once");
  if (count("PaymentFailed") > 1) complain("PaymentFailed more than once");
  if (order.refunds.empty() ? count("PaymentRefunded") > 0 : count("PaymentRefunded") != 1) {
    complain(std::to_string(count("PaymentRefunded")) + " times PaymentRefunded, and " + std::to_string(order.refunds.size()) +
             " refunds");
  }
  for (const Announcement& entry : order.payment_log) {
    if (entry.name == "PaymentSuccess") {
      if (!agrees(entry, order.captures)) complain("PaymentSuccess without a capture of its amount");
    } else if (entry.name == "PaymentFailed") {
      if (!order.payment || order.payment->status != "failed") complain("PaymentFailed, and the payment did not fail");
    } else if (entry.name == "PaymentRefunded") {
      if (!order.refunds.empty() && !agrees(entry, order.refunds)) complain("PaymentRefunded of another amount than the refund");
    } else {
      complain("entry " + std::to_string(entry.seq) + " is nothing that payment says");
    }
  }
}

void MoneyChecks::provider_work(const Dossier& order) {
  const std::string_view status = order.payment ? std::string_view(order.payment->status) : "";
  if (order.payment) findings_.examine("M18", status != "pending", [&] { return order.name() + "its payment is pending"; });
  if (order.provider_work) {
    findings_.examine("M17", status == (*order.provider_work == "refund" ? "captured" : "pending"), [&] {
      return order.name() + *order.provider_work + " is to be asked of the provider, and the payment is " +
             (order.payment ? order.payment->status : "not there");
    });
    findings_.examine("M18", false, [&] { return order.name() + *order.provider_work + " is to be asked of the provider"; });
  }
  if (order.is_unpriced) {
    findings_.examine("M17", status == "pending" && !order.provider_work,
                      [&] { return order.name() + "it awaits a price, and its payment does not"; });
    findings_.examine("M18", false, [&] { return order.name() + "it awaits a price"; });
  }
  if (status == "pending") {
    findings_.examine("M17", order.provider_work.has_value() || order.is_unpriced,
                      [&] { return order.name() + "its payment is pending, and nothing is to be asked for it"; });
  }
}

void MoneyChecks::ended(const Dossier& order) {
  bool is_right = order.earnings.empty() && order.captures.size() == order.refunds.size();
  if (order.is_confirmed()) {
    const Moved total{order.order->total_minor.value_or(-1), order.order->currency.value_or("")};
    is_right = order.captures == std::vector{total} && order.earnings == std::vector{total};
  }
  findings_.examine("M8", is_right, [&] {
    return order.name() + order.order->status + ", with " + std::to_string(order.captures.size()) + " captures, " +
           std::to_string(order.refunds.size()) + " refunds and " + std::to_string(order.earnings.size()) + " earnings" +
           (order.is_confirmed() ? ", or not of its total" : "");
  });
}

void MoneyChecks::finish() {
  for (const auto& [currency, entries] : ledger_) {
    const Sum held = -value_in(settlement_, currency);
    const Sum due = value_in(captured_alone_, currency);
    findings_.examine("M12", held == due, [&, name = currency] {
      return name + ": settlement holds " + text_of(held) + ", and " + text_of(due) +
             " was captured and neither refunded nor earned";
    });
  }
  std::set<std::string> currencies;
  for (const auto& [currency, sum] : revenue_) currencies.insert(currency);
  for (const auto& [currency, sum] : confirmed_totals_) currencies.insert(currency);
  for (const std::string& currency : currencies) {
    const Sum revenue = -value_in(revenue_, currency);
    const Sum totals = value_in(confirmed_totals_, currency);
    findings_.examine("M11", revenue == totals, [&] {
      return currency + ": revenue is " + text_of(revenue) + ", and the confirmed orders brought " + text_of(totals);
    });
  }
}

}  // namespace seamline::audit
