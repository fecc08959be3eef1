#include "storage/mongo_order_repository.hpp"

#include "base/fault.hpp"
#include "contract/decode.hpp"
#include "contract/encode.hpp"
#include "storage/event_codec.hpp"
#include "store/documents.hpp"

namespace seamline::order {
namespace {

using store::Document;

Order read_order(const std::string& id, const Document& body) {
  Order order;
  order.order_id = OrderId{id};
  order.status = enum_from_name<OrderStatus>(body.text("status")).value();
  if (const auto user = body.optional_text("user_id")) order.user_id = UserId{*user};
  order.user_name = body.optional_text("user_name");
  for (const Document& item : body.list("items")) {
    order.items.push_back(
        {ProductId{item.text("product_id")}, item.integer("quantity"), item.optional_integer("unit_price_minor")});
  }
  order.total_minor = body.optional_integer("total_minor");
  order.currency = body.optional_text("currency");
  order.reason = body.optional_text("reason");
  order.version = body.integer("version");
  order.created_at = body.timestamp("created_at_ms");
  return order;
}

Document write_body(const Order& order, Document::List events) {
  Document::List items;
  for (const OrderItem& item : order.items) {
    Document line;
    line.add("product_id", item.product_id).add("quantity", item.quantity).add("unit_price_minor", item.unit_price_minor);
    items.push_back(std::move(line));
  }
  Document body;
  body.add("status", name_of(order.status)).add("user_id", order.user_id).add("user_name", order.user_name);
  body.add("items", std::move(items)).add("total_minor", order.total_minor).add("currency", order.currency);
  body.add("reason", order.reason).add("version", order.version).add("created_at_ms", order.created_at);
  body.add("events", std::move(events));
  return body;
}

Document write_event(std::int64_t version, const DomainEvent& event, Timestamp at) {
  Document document;
  document.add("version", version);
  std::visit([&](const auto& one) { document.add("type", one.event_name).add("at_ms", at).add("data", encode(one)); }, event);
  return document;
}

}  // namespace

void MongoOrderRepository::make_indexes(store::View& view) {
  view.documents().ensure_index("status");
  view.documents().ensure_index("user_id");
}

std::optional<Order> MongoOrderRepository::find(store::View& view, const OrderId& id) const {
  const auto body = view.documents().find_body(id.text);
  if (!body) return std::nullopt;
  return read_order(id.text, *body);
}

std::vector<Order> MongoOrderRepository::list(store::View& view, const OrderFilter& filter) const {
  store::Documents::Filter wanted;
  if (filter.user_id) wanted.equal.emplace_back("user_id", filter.user_id->text);
  if (filter.status) wanted.equal.emplace_back("status", name_of(*filter.status));
  wanted.before = filter.before;
  wanted.limit = filter.limit;
  std::vector<Order> orders;
  for (const auto& [id, body] : view.documents().list(wanted)) orders.push_back(read_order(id, body));
  return orders;
}

Counts MongoOrderRepository::count(store::View& view) const {
  Counts counts;
  for (const auto& [status, number] : view.documents().count_by("status")) {
    switch (enum_from_name<OrderStatus>(status).value()) {
      case OrderStatus::pending: counts.pending = number; break;
      case OrderStatus::placed: counts.placed = number; break;
      case OrderStatus::confirmed: counts.confirmed = number; break;
      case OrderStatus::cancelled: counts.cancelled = number; break;
    }
  }
  return counts;
}

std::vector<TimelineEvent> MongoOrderRepository::timeline(store::View& view, const OrderId& id) const {
  std::vector<TimelineEvent> events;
  const auto body = view.documents().find_body(id.text);
  if (!body) return events;
  for (const Document& event : body->list("events")) {
    events.push_back({event.integer("version"), event.text("type"), event.timestamp("at_ms"), JsonObject{event.text("data")}});
  }
  return events;
}

std::optional<OrderAggregate> MongoOrderRepository::load(store::View& view, const OrderId& id) const {
  auto folded = find(view, id);
  if (!folded) return std::nullopt;
  return OrderAggregate::resume(std::move(*folded));
}

void MongoOrderRepository::save(store::Transaction& transaction, const OrderAggregate& order) const {
  const std::string& id = order.state().order_id.text;
  Document::List events;
  if (const auto body = transaction.documents().find_body(id)) events = body->list("events");
  std::int64_t version = order.state().version - static_cast<std::int64_t>(order.new_events().size());
  for (const DomainEvent& event : order.new_events()) events.push_back(write_event(++version, event, transaction.now()));
  transaction.documents().put_body(id, write_body(order.state(), std::move(events)));
}

std::string MongoOrderRepository::rebuild(store::Transaction& transaction, const std::string& after, std::int64_t) const {
  store::Documents::Filter next;
  next.after = after;
  next.is_ascending = true;
  next.limit = 1;
  for (const auto& [id, found] : transaction.documents().list(next)) {
    const Document body = transaction.documents().find_body(id).value_or(found);
    OrderAggregate order{OrderId{id}};
    for (const Document& event : body.list("events")) {
      order.replay(decode_event(event.text("type"), event.text("data")), event.timestamp("at_ms"));
    }
    transaction.documents().put_body(id, write_body(order.state(), body.list("events")));
    return id;
  }
  return {};
}

}  // namespace seamline::order
