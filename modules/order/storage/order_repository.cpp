#include "storage/order_repository.hpp"

#include "base/fault.hpp"

#include "contract/decode.hpp"
#include "contract/encode.hpp"
#include "storage/event_codec.hpp"

namespace seamline::order {
namespace {

std::string encode_items(const std::vector<OrderItem>& items) {
  std::string text;
  json::Writer writer(text);
  encode_value(writer, items);
  return text;
}

std::vector<OrderItem> decode_items(std::string_view text) {
  const auto value = json::parse(text);
  Decoding decoding(Reading::lenient);
  std::vector<OrderItem> items;
  if (value) decode_value(decoding, *value, Limits{}, items);
  if (!value || !decoding.ok()) throw store::StorageError("an order's items are unreadable");
  return items;
}

Order read_order(store::Rows& row) {
  Order order;
  order.order_id = row.id<OrderId>(0);
  order.status = enum_from_name<OrderStatus>(row.text(1)).value();
  if (!row.is_null(2)) order.user_id = row.id<UserId>(2);
  order.user_name = row.optional_text(3);
  order.items = decode_items(row.text(4));
  if (!row.is_null(5)) order.total_minor = row.integer(5);
  order.currency = row.optional_text(6);
  order.reason = row.optional_text(7);
  order.version = row.integer(8);
  order.created_at = row.timestamp(9);
  return order;
}

void write_read_model(store::Connection& rows, const Order& order) {
  rows.execute(
      "INSERT INTO orders (order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
      "ON CONFLICT (order_id) DO UPDATE SET status = excluded.status, user_id = excluded.user_id, "
      "user_name = excluded.user_name, items = excluded.items, total_minor = excluded.total_minor, currency = excluded.currency, "
      "reason = excluded.reason, version = excluded.version, created_at_ms = excluded.created_at_ms",
      order.order_id, name_of(order.status), order.user_id, order.user_name, encode_items(order.items), order.total_minor,
      order.currency, order.reason, order.version, order.created_at);
}

/// A transition changes only this much of a row that is there.
void update_read_model(store::Connection& rows, const Order& order) {
  rows.execute("UPDATE orders SET status = $2, reason = $3, version = $4 WHERE order_id = $1", order.order_id,
               name_of(order.status), order.reason, order.version);
}

Order fold(store::Connection& rows, const OrderId& id) {
  OrderAggregate order(id);
  store::Rows row = rows.query("SELECT type, at_ms, data FROM order_events WHERE order_id = $1 ORDER BY version", id);
  while (row.next()) order.replay(decode_event(row.text(0), row.text(2)), row.timestamp(1));
  return order.state();
}

}  // namespace

std::optional<Order> SqlOrderRepository::find(store::View& view, const OrderId& id) const {
  store::Rows row = view.rows().query(
      "SELECT order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms FROM orders "
      "WHERE order_id = $1",
      id);
  if (!row.next()) return std::nullopt;
  return read_order(row);
}

std::vector<Order> SqlOrderRepository::list(store::View& view, const OrderFilter& filter) const {
  // Ids grow with time, so the key is the age. '~' is behind every id.
  const std::string before = filter.before.empty() ? "~" : filter.before;
  std::vector<Order> orders;
  const auto collect = [&](store::Rows row) {
    while (row.next()) orders.push_back(read_order(row));
  };
  if (filter.user_id && filter.status) {
    collect(view.rows().query(
        "SELECT order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms FROM orders "
        "WHERE order_id < $1 AND user_id = $3 AND status = $4 ORDER BY order_id DESC LIMIT $2",
        before, filter.limit, *filter.user_id, name_of(*filter.status)));
  } else if (filter.user_id) {
    collect(view.rows().query(
        "SELECT order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms FROM orders "
        "WHERE order_id < $1 AND user_id = $3 ORDER BY order_id DESC LIMIT $2",
        before, filter.limit, *filter.user_id));
  } else if (filter.status) {
    collect(view.rows().query(
        "SELECT order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms FROM orders "
        "WHERE order_id < $1 AND status = $3 ORDER BY order_id DESC LIMIT $2",
        before, filter.limit, name_of(*filter.status)));
  } else {
    collect(view.rows().query(
        "SELECT order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms FROM orders "
        "WHERE order_id < $1 ORDER BY order_id DESC LIMIT $2",
        before, filter.limit));
  }
  return orders;
}

Counts SqlOrderRepository::count(store::View& view) const {
  Counts counts;
  store::Rows row = view.rows().query("SELECT status, count(*) FROM orders GROUP BY status");
  while (row.next()) {
    switch (enum_from_name<OrderStatus>(row.text(0)).value()) {
      case OrderStatus::pending: counts.pending = row.integer(1); break;
      case OrderStatus::placed: counts.placed = row.integer(1); break;
      case OrderStatus::confirmed: counts.confirmed = row.integer(1); break;
      case OrderStatus::cancelled: counts.cancelled = row.integer(1); break;
    }
  }
  return counts;
}

std::vector<TimelineEvent> SqlOrderRepository::timeline(store::View& view, const OrderId& id) const {
  std::vector<TimelineEvent> events;
  store::Rows row =
      view.rows().query("SELECT version, type, at_ms, data FROM order_events WHERE order_id = $1 ORDER BY version", id);
  while (row.next()) {
    events.push_back({row.integer(0), std::string(row.text(1)), row.timestamp(2), JsonObject{std::string(row.text(3))}});
  }
  return events;
}

std::optional<OrderAggregate> SqlOrderRepository::load(store::View& view, const OrderId& id) const {
  auto folded = find(view, id);
  if (!folded) return std::nullopt;
  return OrderAggregate::resume(std::move(*folded));
}

void SqlOrderRepository::save(store::Transaction& transaction, const OrderAggregate& order) const {
  const auto& events = order.new_events();
  std::int64_t version = order.state().version - static_cast<std::int64_t>(events.size());
  if (SEAMLINE_MISTAKE("version-skipped")) ++version;
  bool changes_status_only = version > 0;
  for (const DomainEvent& event : events) {
    std::visit(
        [&](const auto& one) {
          if (SEAMLINE_MISTAKE("history-forgets")) return;
          transaction.rows().execute(
              "INSERT INTO order_events (order_id, version, type, at_ms, data) VALUES ($1, $2, $3, $4, $5)",
              order.state().order_id, ++version, one.event_name, transaction.now(), encode(one));
        },
        event);
    changes_status_only =
        changes_status_only && (std::holds_alternative<Confirmed>(event) || std::holds_alternative<Cancelled>(event));
  }
  if (SEAMLINE_MISTAKE("projection-skips")) return;
  if (changes_status_only) {
    update_read_model(transaction.rows(), order.state());
  } else {
    write_read_model(transaction.rows(), order.state());
  }
}

std::string SqlOrderRepository::rebuild(store::Transaction& transaction, const std::string& after, std::int64_t limit) const {
  std::vector<OrderId> ids;
  {
    store::Rows row = transaction.rows().query(
        "SELECT order_id FROM order_events WHERE version = 1 AND order_id > $1 ORDER BY order_id LIMIT $2", after, limit);
    while (row.next()) ids.push_back(row.id<OrderId>(0));
  }
  for (const OrderId& id : ids) {
    write_read_model(transaction.rows(), fold(transaction.rows(), id));
  }
  return ids.empty() ? std::string() : ids.back().text;
}

}  // namespace seamline::order
