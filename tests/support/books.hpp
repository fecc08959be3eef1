#pragma once

#include <sstream>

#include "support/shop.hpp"
#include "support/store_rows.hpp"

/// What must hold of a shop that has come to rest, looked up in the rows of its stores. Each function returns what is wrong,
/// one line a finding; empty when all is well, so that a failed CHECK shows the findings.
namespace seamline::test {

/// Collects findings, and asks a store for counts.
class Findings {
 public:
  template <class... Parts>
  void add(const Parts&... parts) {
    (text_ << ... << parts) << '\n';
  }
  template <class A, class B>
  void expect_equal(const A& got, const B& wanted, const std::string& what) {
    if (!(got == wanted)) add(what, " is ", got, ", and should be ", wanted);
  }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
};

template <class... Args>
std::int64_t count_in(store::Store& store, store::Sql sql, const Args&... args) {
  return look_into(store, [&](store::Connection& rows) {
    auto row = rows.query(sql, args...);
    row.next();
    return row.integer(0);
  });
}

/// The log has no gap and its chain holds; nothing is dead.
inline std::string check_log(store::Store& store) {
  Findings findings;
  const auto entries = store.read([](store::View& view) { return store::read_log(view, {}, 1'000'000).value(); });
  Sha256 before{};
  std::int64_t seq = 0;
  for (const store::LogEntry& entry : entries) {
    if (entry.seq != ++seq || entry.hash != store::chain_hash(before, entry))
      findings.add(store.module(), "'s log breaks at ", entry.seq);
    before = entry.hash;
  }
  findings.expect_equal(count_in(store, "SELECT count(*) FROM dead_letters"), 0, store.module() + "'s dead letters");
  return findings.text();
}

/// Every transaction of the ledger adds up to zero; an order's money was taken, given back and earned at most once, and not
/// both of the latter; what is held is what was taken and neither.
inline std::string check_ledger(store::Store& payment) {
  Findings findings;
  payment.read([&](store::View& view) {
    auto row = view.rows().query(
        "SELECT transaction_id, CAST(sum(amount_minor) AS BIGINT), count(*) FROM ledger_entries GROUP BY transaction_id");
    while (row.next()) {
      if (row.integer(1) != 0 || row.integer(2) != 2) findings.add("the transaction ", row.text(0), " does not add up");
    }
    auto order = view.rows().query(
        "SELECT p.order_id, p.amount_minor, p.status, "
        "CAST(coalesce(sum(CASE WHEN account = 'provider' THEN l.amount_minor END), 0) AS BIGINT), "
        "CAST(coalesce(sum(CASE WHEN account = 'settlement' THEN l.amount_minor END), 0) AS BIGINT), "
        "CAST(coalesce(sum(CASE WHEN account = 'revenue' THEN l.amount_minor END), 0) AS BIGINT), "
        "count(DISTINCT l.transaction_id) FROM payments p LEFT JOIN ledger_entries l ON l.order_id = p.order_id GROUP BY "
        "p.order_id");
    while (order.next()) {
      const std::string id(order.text(0));
      const std::string_view status = order.text(2);
      const std::int64_t amount = order.integer(1);
      const bool is_held = status == "captured";
      findings.expect_equal(order.integer(3), is_held ? amount : 0, "what the provider holds for " + id);
      const std::int64_t earned = -order.integer(5);
      if (earned != 0 && (earned != amount || !is_held)) findings.add("order ", id, " earned ", earned, " of ", amount);
      findings.expect_equal(order.integer(4), is_held ? earned - amount : 0, "what is unsettled of " + id);
      const bool is_earned = order.integer(6) == 2 && is_held;
      const std::int64_t movements = is_held ? (is_earned ? 2 : 1) : (status == "refunded" ? 2 : 0);
      findings.expect_equal(order.integer(6), movements, "the number of movements of " + id);
    }
    return 0;
  });
  findings.expect_equal(
      count_in(payment, "SELECT count(*) FROM ledger_entries WHERE order_id NOT IN (SELECT order_id FROM payments)"), 0,
      "ledger entries of no payment");
  // An invoice and the movement that earns its amount are one thing.
  findings.expect_equal(
      count_in(payment,
               "SELECT count(*) FROM invoices i LEFT JOIN ledger_entries l ON l.transaction_id = 'earn:' || i.order_id AND "
               "l.account = 'settlement' WHERE l.amount_minor IS DISTINCT FROM i.amount_minor"),
      0, "invoices that were not earned");
  findings.expect_equal(count_in(payment, "SELECT count(*) FROM ledger_entries WHERE account = 'revenue'"),
                        count_in(payment, "SELECT count(*) FROM invoices"), "earned orders against invoices");
  return findings.text();
}

/// The movements of each product fold to its counters, and on the way 0 <= reserved <= on_hand; each order's reservation is in
/// them exactly as its state says.
inline std::string check_stock(store::Store& inventory) {
  struct Counters {
    std::int64_t on_hand = 0;
    std::int64_t reserved = 0;
  };
  Findings findings;
  std::map<std::string, Counters> products;
  std::map<std::pair<std::string, std::string>, std::map<std::string, std::int64_t>> by_order;  // (order, product): movements
  inventory.read([&](store::View& view) {
    auto row = view.rows().query("SELECT product_id, kind, quantity, order_id FROM stock_movements ORDER BY id");
    while (row.next()) {
      const std::string product(row.text(0));
      const std::string kind(row.text(1));
      Counters& now = products[product];
      const std::int64_t quantity = row.integer(2);
      if (kind == "added" || kind == "restocked") now.on_hand += quantity;
      if (kind == "reserved") now.reserved += quantity;
      if (kind == "released" || kind == "committed") now.reserved -= quantity;
      if (kind == "committed") now.on_hand -= quantity;
      if (now.reserved < 0 || now.reserved > now.on_hand) findings.add("the stock of ", product, " went out of its bounds");
      if (!row.is_null(3)) by_order[{std::string(row.text(3)), product}][kind] += quantity;
    }
    auto product = view.rows().query("SELECT product_id, on_hand, reserved FROM products");
    while (product.next()) {
      const std::string id(product.text(0));
      findings.expect_equal(product.integer(1), products[id].on_hand, "on_hand of " + id);
      findings.expect_equal(product.integer(2), products[id].reserved, "reserved of " + id);
    }
    auto reservation = view.rows().query("SELECT order_id, stock, lines FROM reservations");
    while (reservation.next()) {
      const std::string id(reservation.text(0));
      const std::string stock(reservation.text(1));
      const auto lines = json::parse(reservation.text(2)).value();
      for (const json::Value& line : lines.items) {
        auto moved = by_order[{id, line.name}];
        const std::int64_t quantity = line.integer;
        const bool was_reserved = stock == "reserved" || stock == "released" || stock == "committed";
        findings.expect_equal(moved["reserved"], was_reserved ? quantity : 0, "what was reserved for " + id);
        findings.expect_equal(moved["released"], stock == "released" ? quantity : 0, "what was released of " + id);
        findings.expect_equal(moved["committed"], stock == "committed" ? quantity : 0, "what was committed of " + id);
        by_order.erase({id, line.name});
      }
    }
    return 0;
  });
  for (const auto& [key, moved] : by_order) {
    if (!moved.empty()) findings.add("stock of ", key.second, " moved for order ", key.first, ", which did not ask for it");
  }
  return findings.text();
}

/// Every order's versions are 1, 2, … and the read model has the last one.
inline std::string check_histories(store::Store& order) {
  Findings findings;
  findings.expect_equal(
      count_in(
          order,
          "SELECT count(*) FROM (SELECT o.order_id FROM orders o LEFT JOIN order_events e ON e.order_id = o.order_id "
          "GROUP BY o.order_id HAVING count(*) != o.version OR max(e.version) != o.version OR min(e.version) != 1) AS broken"),
      0, "orders whose versions have gaps");
  findings.expect_equal(count_in(order, "SELECT count(*) FROM order_events WHERE order_id NOT IN (SELECT order_id FROM orders)"),
                        0, "events of no order");
  return findings.text();
}

/// One store's row about an order as text: `status/ending` and the like; empty where there is none.
template <class... Args>
std::string text_in(store::Store& store, store::Sql sql, const Args&... args) {
  return look_into(store, [&](store::Connection& rows) {
    auto row = rows.query(sql, args...);
    return row.next() ? std::string(row.text(0)) : std::string();
  });
}

/// What the modules of one order agree on: confirmed means captured, earned, invoiced and committed; cancelled means that no
/// money and no stock is left behind.
inline void check_order(Shop& shop, const std::string& id, const std::string& status, bool was_placed, Findings& findings) {
  store::Store& payment = shop.store_of("payment");
  store::Store& inventory = shop.store_of("inventory");
  const std::string money = text_in(payment, "SELECT status FROM payments WHERE order_id = $1", id);
  const std::string stock = text_in(inventory, "SELECT stock FROM reservations WHERE order_id = $1", id);
  const std::int64_t invoices = count_in(payment, "SELECT count(*) FROM invoices WHERE order_id = $1", id);
  if (status == "placed") return findings.add("order ", id, " never ended");
  if (!was_placed) {
    if (!money.empty() || !stock.empty()) findings.add("others know of order ", id, ", which nobody placed");
    return;
  }
  const bool is_good = status == "confirmed" ? money == "captured" && stock == "committed" && invoices == 1
                                             : (money == "failed" || money == "refunded") && stock != "reserved" &&
                                                   stock != "committed" && invoices == 0;
  if (!is_good)
    findings.add("order ", id, " is ", status, ", its payment ", money, ", its stock ", stock, ", its invoices ", invoices);
}

/// Everything above, for a shop that has come to rest after its last deadline.
inline std::string check_books(Shop& shop) {
  Findings findings;
  store::Store& order = shop.store_of("order");
  store::Store& payment = shop.store_of("payment");
  store::Store& inventory = shop.store_of("inventory");
  struct Row {
    std::string id;
    std::string status;
    bool was_placed;
  };
  const auto orders = look_into(order, [](store::Connection& rows) {
    std::vector<Row> found;
    auto row = rows.query("SELECT order_id, status, total_minor FROM orders");
    while (row.next()) found.push_back({std::string(row.text(0)), std::string(row.text(1)), !row.is_null(2)});
    return found;
  });
  for (const Row& row : orders) check_order(shop, row.id, row.status, row.was_placed, findings);
  // One word about each order, and each of the others' words at most once.
  for (const char* module : {"order", "payment", "inventory"}) {
    findings.expect_equal(
        count_in(shop.store_of(module),
                 "SELECT count(*) FROM (SELECT 1 FROM event_log GROUP BY subject, type HAVING count(*) > 1) AS twice"),
        0, std::string("facts that ") + module + " published twice");
  }
  findings.expect_equal(count_in(order,
                                 "SELECT count(*) FROM (SELECT subject FROM event_log GROUP BY subject HAVING "
                                 "count(CASE WHEN type LIKE '%OrderCreated%' THEN 1 END) != 1 OR count(*) != 2) AS unended"),
                        0, "orders that were not published with one end");
  findings.expect_equal(
      count_in(order, "SELECT count(*) FROM timers WHERE subject NOT IN (SELECT order_id FROM orders WHERE status = 'pending')"),
      0, "timers of orders that have ended");
  findings.expect_equal(count_in(inventory, "SELECT count(*) FROM timers"), 0, "timers of reservations that have ended");
  findings.expect_equal(count_in(payment, "SELECT count(*) FROM provider_work"), 0, "work left for the provider");
  findings.expect_equal(count_in(payment, "SELECT count(*) FROM unpriced_orders"), 0, "orders without a price");
  findings.expect_equal(count_in(inventory, "SELECT CAST(coalesce(sum(reserved), 0) AS BIGINT) FROM products"), 0,
                        "stock still reserved");
  return findings.text() + check_histories(order) + check_ledger(payment) + check_stock(inventory) + check_log(order) +
         check_log(payment) + check_log(inventory) + check_log(shop.store_of("user"));
}

/// The read model of the orders, row by row.
inline std::string read_model(store::Store& order) {
  return look_into(order, [](store::Connection& rows) {
    std::string all;
    auto row = rows.query(
        "SELECT order_id || '|' || status || '|' || coalesce(user_id, '-') || '|' || coalesce(user_name, '-') || '|' || items || "
        "'|' || "
        "coalesce(CAST(total_minor AS TEXT), '-') || '|' || coalesce(currency, '-') || '|' || coalesce(reason, '-') || '|' || "
        "version || '|' "
        "|| "
        "created_at_ms FROM orders ORDER BY order_id");
    while (row.next()) all += std::string(row.text(0)) + "\n";
    return all;
  });
}

/// Whether the read model, thrown away and folded again from the events, is the same.
inline bool rebuilds_alike(store::Store& order) {
  const std::string live = read_model(order);
  throw_away_read_model(order);
  return order::rebuild_read_model(order).has_value() && read_model(order) == live;
}

}  // namespace seamline::test
