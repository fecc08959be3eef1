#include "application/placing.hpp"

#include <algorithm>

#include "base/fault.hpp"
namespace seamline::order {
namespace {

tl::unexpected<Error> no_such_order(const OrderId& id) { return fail(errors::not_found, "There is no order " + id.text + "."); }

}  // namespace

Result<Placing::Customer> Placing::find_customer(const CallContext& context, const std::optional<UserId>& wanted) {
  const Caller& caller = context.caller;
  if (!wanted && caller.role != Role::user) {
    return fail(errors::user_required, "The member user_id is needed: the caller is no user whose order this could be.");
  }
  const UserId id = wanted.value_or(UserId{caller.subject});
  if (!caller.is_privileged() && id.text != caller.subject) {
    return fail(errors::not_your_user, "The member user_id names another user than the caller.");
  }
  auto profile = users_.call(context, user::GetProfile{id});
  SEAMLINE_CRASH_POINT("order", "customer-asked");
  if (profile) return Customer{id, std::move(profile->name)};
  if (SEAMLINE_MISTAKE("unknown-user-accepted")) return Customer{id, ""};
  if (profile.error().kind == Kind::not_found) return fail(errors::user_unknown, "There is no user " + id.text + ".");
  return fail(std::move(profile.error()));
}

Result<std::vector<Price>> Placing::quote(const CallContext& context, const std::vector<ProductId>& products) {
  auto quotes = inventory_.call(context, inventory::Quote{products});
  SEAMLINE_CRASH_POINT("order", "prices-asked");
  if (!quotes) return fail(std::move(quotes.error()));
  std::vector<Price> prices;
  for (inventory::QuotedPrice& quoted : quotes->items) {
    prices.push_back({std::move(quoted.product_id), quoted.unit_price_minor, std::move(quoted.currency)});
  }
  return prices;
}

Result<OrderAggregate> Placing::load_for(store::View& view, const CallContext& context, const OrderId& id) {
  auto order = repository_.load(view, id);
  if (!order || !context.caller.may_see(order->state().user_id.value_or(UserId{}).text)) return no_such_order(id);
  return std::move(*order);
}

void Placing::placed(store::Transaction& transaction, const OrderAggregate& order,
                     const std::optional<std::string>& token) const {
  const Order& state = order.state();
  const Timestamp expires_at{transaction.now().ms + times_.deadline_ms};
  SEAMLINE_CRASH_POINT("order", "before-placing");
  repository_.save(transaction, order);
  transaction.set_timer(Settlement::deadline_timer, state.order_id.text, expires_at);
  OrderCreated created{state.order_id, state.user_id, {}, state.total_minor, state.currency, token.value_or(default_token_),
                       expires_at};
  for (const OrderItem& item : state.items) created.items.push_back({item.product_id, item.quantity, item.unit_price_minor});
  if (SEAMLINE_MISTAKE("wrong-currency")) created.currency = "USD";
  if (SEAMLINE_MISTAKE("quantity-in-a-byte")) created.items.front().quantity &= 0x7F;
  if (SEAMLINE_MISTAKE("last-line-forgotten") && created.items.size() > 1) created.items.pop_back();
  if (SEAMLINE_MISTAKE("announced-twice")) transaction.publish(created);
  transaction.publish(created);
  SEAMLINE_CRASH_POINT("order", "order-placed");
}

Result<Order> Placing::wait_for_end(const CallContext& context, Waiters::Place* place, Result<Order> order) {
  if (!order || place == nullptr || !place->is_held()) return order;
  if (context.notes != nullptr) context.notes->waited = true;
  const std::int64_t left_ms = clock_.monotonic().ms_until(context.deadline);
  SEAMLINE_CRASH_POINT("order", "before-wait");
  if (auto ended = place->wait(std::min(context.wait_ms, left_ms))) return std::move(*ended);
  auto now = store_.read([&](store::View& view) { return repository_.find(view, order->order_id); });
  if (now) return std::move(*now);
  return order;
}

Result<Order> Placing::place(const CallContext& context, const PlaceOrder& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();

  auto customer = find_customer(context, operation.user_id);
  if (!customer) return fail(std::move(customer.error()));
  const std::vector<Item> items = merge_items(operation.items);
  std::vector<ProductId> products;
  for (const Item& item : items) products.push_back(item.product_id);
  auto prices = quote(context, products);
  if (!prices) return fail(std::move(prices.error()));

  const auto id = ids_.next_as<OrderId>();
  std::optional<Waiters::Place> place;
  if (context.wait_ms > 0) place.emplace(waiters_, id.text);
  auto order = once->write([&](store::Transaction& transaction) -> Result<Order> {
    OrderAggregate aggregate(id);
    auto composed = aggregate.start(customer->id, customer->name, transaction.now());
    for (const Item& item : items) {
      if (composed) composed = aggregate.add_item(item.product_id, item.quantity);
    }
    if (composed) composed = aggregate.place_order(*prices);
    if (!composed) return fail(std::move(composed.error()));
    placed(transaction, aggregate, operation.payment_token);
    return aggregate.state();
  });
  return wait_for_end(context, place ? &*place : nullptr, std::move(order));
}

Result<Order> Placing::start_draft(const CallContext& context, const StartDraft& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();
  auto customer = find_customer(context, operation.user_id);
  if (!customer) return fail(std::move(customer.error()));
  const auto id = ids_.next_as<OrderId>();
  return once->write([&](store::Transaction& transaction) -> Result<Order> {
    OrderAggregate order(id);
    auto started = order.start(customer->id, customer->name, transaction.now());
    if (!started) return fail(std::move(started.error()));
    repository_.save(transaction, order);
    SEAMLINE_CRASH_POINT("order", "draft-saved");
    transaction.set_timer(Settlement::draft_timer, id.text, {transaction.now().ms + times_.draft_ms});
    return order.state();
  });
}

Result<Order> Placing::add_item(const CallContext& context, const AddItem& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();
  return once->write([&](store::Transaction& transaction) -> Result<Order> {
    auto order = load_for(transaction, context, operation.id);
    if (!order) return fail(std::move(order.error()));
    auto added = order->add_item(operation.product_id, operation.quantity);
    if (!added) return fail(std::move(added.error()));
    repository_.save(transaction, *order);
    SEAMLINE_CRASH_POINT("order", "item-added");
    return order->state();
  });
}

Result<Order> Placing::place_draft(const CallContext& context, const PlaceDraft& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();

  const auto draft = store_.read([&](store::View& view) { return load_for(view, context, operation.id); });
  if (!draft) return fail(draft.error());
  std::vector<ProductId> products;
  for (const OrderItem& item : draft->state().items) products.push_back(item.product_id);
  Result<std::vector<Price>> prices;
  if (!products.empty()) prices = quote(context, products);
  if (!prices) return fail(std::move(prices.error()));

  std::optional<Waiters::Place> place;
  if (context.wait_ms > 0) place.emplace(waiters_, operation.id.text);
  auto order = once->write([&](store::Transaction& transaction) -> Result<Order> {
    auto aggregate = load_for(transaction, context, operation.id);
    if (!aggregate) return fail(std::move(aggregate.error()));
    auto done = aggregate->place_order(*prices);
    if (!done) return fail(std::move(done.error()));
    transaction.cancel_timer(Settlement::draft_timer, operation.id.text);
    SEAMLINE_CRASH_POINT("order", "draft-ended");
    placed(transaction, *aggregate, operation.payment_token);
    return aggregate->state();
  });
  return wait_for_end(context, place ? &*place : nullptr, std::move(order));
}

Result<Order> Placing::cancel(const CallContext& context, const CancelOrder& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();
  return once->write([&](store::Transaction& transaction) -> Result<Order> {
    auto order = load_for(transaction, context, operation.id);
    if (!order) return fail(std::move(order.error()));
    if (order->state().status == OrderStatus::cancelled) return order->state();
    const bool was_placed = order->state().status == OrderStatus::placed;
    auto cancelled = order->cancel("cancelled_by_customer");
    if (!cancelled) return fail(std::move(cancelled.error()));
    SEAMLINE_CRASH_POINT("order", "before-customer-cancels");
    settlement_.end(transaction, *order, was_placed);
    SEAMLINE_CRASH_POINT("order", "customer-cancelled");
    return order->state();
  });
}

}  // namespace seamline::order
