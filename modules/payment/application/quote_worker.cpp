#include "application/quote_worker.hpp"

#include <algorithm>

namespace seamline::payment {
namespace {

/// What has no price, each once: that is how a quote is asked for.
std::vector<ProductId> products_to_quote(const std::vector<Line>& lines) {
  std::vector<ProductId> products;
  for (const Line& line : lines) {
    const bool is_new = std::find(products.begin(), products.end(), line.product_id) == products.end();
    if (!line.unit_price_minor && is_new) products.push_back(line.product_id);
  }
  return products;
}

/// Whether inventory has refused the question itself: asked again, it would refuse it again.
bool is_final(const Error& error) { return error.kind == Kind::malformed || error.kind == Kind::invalid; }

}  // namespace

bool QuoteWorker::step() {
  const auto due = store_.read([&](store::View& view) { return repository_.due_unpriced(view, clock_.now()); });
  if (!due) return false;
  const auto prices = ask(*due);
  const auto applied = store_.write(CallContext{}, [&](store::Transaction& transaction) -> Result<void> {
    if (prices) {
      settlement_.apply_prices(transaction, *due, *prices);
    } else {
      settlement_.ask_prices_again(transaction, *due);
    }
    return {};
  });
  return applied.has_value();
}

std::optional<std::vector<Price>> QuoteWorker::ask(const UnpricedOrder& order) {
  CallContext context;
  context.request_id = ids_.next();
  context.caller = {Role::service, "payment"};
  if (order.expires_at) {
    const std::int64_t left_ms = order.expires_at->ms - clock_.now().ms;
    if (left_ms < 0) return std::nullopt;
    context.deadline = clock_.monotonic().plus_ms(left_ms);
  }
  auto quotes = inventory_.call(context, inventory::Quote{products_to_quote(order.lines)});
  std::vector<Price> prices;
  if (!quotes && !is_final(quotes.error())) return std::nullopt;
  if (!quotes) return prices;
  for (inventory::QuotedPrice& quoted : quotes->items) {
    prices.push_back({std::move(quoted.product_id), quoted.unit_price_minor, std::move(quoted.currency)});
  }
  return prices;
}

}  // namespace seamline::payment
