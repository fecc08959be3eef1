#include "application/catalog.hpp"

#include "base/fault.hpp"
namespace seamline::inventory {
namespace {

constexpr std::int64_t default_page = 50;

Product as_reply(const Stocked& product) {
  return {product.product_id, product.name,     product.price_minor, product.currency,
          product.on_hand,    product.reserved, product.available()};
}

tl::unexpected<Error> no_such_product(const ProductId& id) {
  return fail(errors::not_found, "There is no product " + id.text + ".");
}

}  // namespace

Result<Product> Catalog::add(const CallContext& context, const AddProduct& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();
  return once->write([&](store::Transaction& transaction) -> Result<Product> {
    if (repository_.find_product(transaction, operation.product_id)) {
      return fail(errors::product_exists, "There is a product " + operation.product_id.text + " already.");
    }
    const Stocked product{operation.product_id, operation.product_name, operation.price_minor,
                          operation.currency,   operation.stock,        0};
    repository_.add_product(transaction, product);
    SEAMLINE_CRASH_POINT("inventory", "product-added");
    return as_reply(product);
  });
}

Result<Product> Catalog::restock(const CallContext& context, const Restock& operation) {
  auto once = store_.once(context, operation);
  if (!once) return fail(std::move(once.error()));
  if (once->answer()) return *once->answer();
  return once->write([&](store::Transaction& transaction) -> Result<Product> {
    auto product = repository_.find_product(transaction, operation.id);
    if (!product) return no_such_product(operation.id);
    if (!product->restock(operation.quantity)) {
      return fail(errors::stock_too_large, "A stock holds at most " + std::to_string(max_stock) + ".");
    }
    repository_.save_stock(transaction, *product, Movement::restocked, operation.quantity, std::nullopt);
    SEAMLINE_CRASH_POINT("inventory", "restocked");
    return as_reply(*product);
  });
}

Result<Product> Catalog::get(const GetProduct& operation) {
  const auto product = store_.read([&](store::View& view) { return repository_.find_product(view, operation.id); });
  if (!product) return no_such_product(operation.id);
  return as_reply(*product);
}

Result<ProductPage> Catalog::list(const ListProducts& operation) {
  const std::int64_t limit = operation.limit.value_or(default_page);
  // One more than asked for tells whether another page follows. The cursor is the last id of the page.
  const auto products =
      store_.read([&](store::View& view) { return repository_.list_products(view, operation.cursor.value_or(""), limit + 1); });
  ProductPage page;
  for (const Stocked& product : products) {
    if (static_cast<std::int64_t>(page.items.size()) == limit) {
      page.next_cursor = page.items.back().product_id.text;
      break;
    }
    page.items.push_back(as_reply(product));
  }
  return page;
}

Result<Quotes> Catalog::quote(const Quote& operation) {
  return store_.read([&](store::View& view) {
    Quotes quotes;
    for (const ProductId& id : operation.product_ids) {
      if (const auto product = repository_.find_product(view, id)) {
        quotes.items.push_back({product->product_id, product->price_minor, product->currency});
      }
    }
    return quotes;
  });
}

}  // namespace seamline::inventory
