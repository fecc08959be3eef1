#include "checks.hpp"

#include <map>

#include "support/books.hpp"

namespace seamline::simulation {
namespace {

using test::count_in;
using test::Findings;
using test::text_in;

void check_orders(store::Store& order, store::Store& payment, store::Store& inventory, Findings& findings) {
  order.read([&](store::View& view) {
    auto row = view.rows().query("SELECT order_id, status, total_minor FROM orders");
    while (row.next()) {
      const std::string id(row.text(0));
      const std::string status(row.text(1));
      const std::string money = text_in(payment, "SELECT status FROM payments WHERE order_id = $1", id);
      const std::string stock = text_in(inventory, "SELECT stock FROM reservations WHERE order_id = $1", id);
      if (status == "placed" || status == "pending") findings.add("order ", id, " never ended");
      if (row.is_null(2)) continue;
      const bool is_good = status == "confirmed" ? money == "captured" && stock == "committed"
                                                 : (money == "failed" || money == "refunded") && stock != "reserved" &&
                                                       stock != "committed";
      if (!is_good) findings.add("order ", id, " is ", status, ", its payment ", money, ", its stock ", stock);
    }
    return 0;
  });
}

void check_history(store::Store& order, const History& history, Findings& findings) {
  std::map<std::string, std::string> by_key;
  for (const History::Attempt& attempt : history.attempts()) {
    if (attempt.outcome != "ok") continue;
    auto& known = by_key[attempt.key];
    if (!known.empty() && known != attempt.order_id) findings.add("the key ", attempt.key, " made two orders");
    known = attempt.order_id;
  }
  for (const auto& [key, id] : by_key) {
    if (count_in(order, "SELECT count(*) FROM orders WHERE order_id = $1", id) != 1) findings.add("order ", id, " is lost");
  }
  findings.expect_equal(count_in(order, "SELECT count(*) FROM orders"), static_cast<std::int64_t>(by_key.size()),
                        "orders against keys");
}

}  // namespace

std::string check(const std::vector<std::unique_ptr<Process>>& processes, const History& history) {
  std::map<std::string, store::Store*> stores;
  for (const auto& process : processes) {
    for (const std::string& module : process->hosted()) stores[module] = &process->host().store_of(module);
  }
  Findings findings;
  check_orders(*stores["order"], *stores["payment"], *stores["inventory"], findings);
  check_history(*stores["order"], history, findings);
  std::string text = findings.text() + test::check_histories(*stores["order"]) + test::check_ledger(*stores["payment"]) +
                     test::check_stock(*stores["inventory"]);
  for (const auto& [name, store] : stores) text += test::check_log(*store);
  return text;
}

}  // namespace seamline::simulation
