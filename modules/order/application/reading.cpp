#include "application/reading.hpp"

namespace seamline::order {
namespace {

constexpr std::int64_t default_page = 50;

bool may_see(const CallContext& context, const Order& order) {
  return context.caller.may_see(order.user_id.value_or(UserId{}).text);
}

tl::unexpected<Error> no_such_order(const OrderId& id) { return fail(errors::not_found, "There is no order " + id.text + "."); }

}  // namespace

Result<Order> Reading::get(const CallContext& context, const GetOrder& operation) {
  auto order = store_.read([&](store::View& view) { return repository_.find(view, operation.id); });
  if (!order || !may_see(context, *order)) return no_such_order(operation.id);
  return std::move(*order);
}

Result<OrderPage> Reading::list(const CallContext& context, const ListOrders& operation) {
  if (operation.cursor && !is_uuid(*operation.cursor))
    return fail(errors::bad_cursor, "The cursor is none that a page has given.");
  OrderFilter filter{operation.user_id, operation.status, operation.cursor.value_or(""), operation.limit.value_or(default_page)};
  if (!context.caller.is_privileged()) {
    if (operation.user_id && operation.user_id->text != context.caller.subject) return OrderPage{};
    filter.user_id = UserId{context.caller.subject};
  }
  const auto limit = static_cast<std::size_t>(filter.limit);
  ++filter.limit;  // one more than asked for tells whether another page follows
  OrderPage page;
  page.items = store_.read([&](store::View& view) { return repository_.list(view, filter); });
  if (page.items.size() > limit) {
    page.items.resize(limit);
    page.next_cursor = page.items.back().order_id.text;
  }
  return page;
}

Result<Timeline> Reading::timeline(const CallContext& context, const GetTimeline& operation) {
  return store_.read([&](store::View& view) -> Result<Timeline> {
    const auto order = repository_.find(view, operation.id);
    if (!order || !may_see(context, *order)) return no_such_order(operation.id);
    return Timeline{repository_.timeline(view, operation.id)};
  });
}

Result<Counts> Reading::count() {
  return store_.read([&](store::View& view) { return repository_.count(view); });
}

}  // namespace seamline::order
