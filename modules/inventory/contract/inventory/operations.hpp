#pragma once

#include "base/money.hpp"
#include "contract/contract.hpp"
#include "inventory/events.hpp"

namespace seamline::inventory {

/// The most that one product may have in stock.
inline constexpr std::int64_t max_stock = 1'000'000'000;

namespace errors {
inline constexpr ErrorCode not_found{"inventory.not_found", Kind::not_found};
inline constexpr ErrorCode product_exists{"inventory.product_exists", Kind::conflict};
inline constexpr ErrorCode stock_too_large{"inventory.stock_too_large", Kind::invalid};
}  // namespace errors

/// A product with its stock: available = on_hand - reserved, and never below zero.
struct Product {
  ProductId product_id;
  std::string name;
  std::int64_t price_minor = 0;
  std::string currency;
  std::int64_t on_hand = 0;
  std::int64_t reserved = 0;
  std::int64_t available = 0;

  static constexpr std::tuple fields{Field{"product_id", &Product::product_id, "The shop's own id, a SKU."},
                                     Field{"name", &Product::name, "As shown to customers."},
                                     Field{"price", &Product::price_minor, "In minor units."},
                                     Field{"currency", &Product::currency, "ISO 4217."},
                                     Field{"on_hand", &Product::on_hand, "In the warehouse."},
                                     Field{"reserved", &Product::reserved, "Of these, set aside for orders."},
                                     Field{"available", &Product::available, "Of these, free to be ordered."}};
};

/// Adds a product to the shop.
struct AddProduct {
  ProductId product_id;
  std::string product_name;
  std::int64_t price_minor = 0;
  std::string currency;
  std::int64_t stock = 0;

  using Reply = Product;
  static constexpr std::string_view name = "inventory.add_product";
  static constexpr std::string_view summary = "Add a product to the shop";
  static constexpr Route route{Verb::post, "/products", "/products/{product_id}"};
  static constexpr Access access = Access::admin;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::product_exists};
  static constexpr std::tuple fields{
      Field{"product_id", &AddProduct::product_id, "The shop's own id, a SKU."},
      Field{"name", &AddProduct::product_name, "As shown to customers; 1 to 200 bytes.", length(1, 200)},
      Field{"price", &AddProduct::price_minor, "In minor units.", range(0, max_amount_minor)},
      Field{"currency", &AddProduct::currency, "ISO 4217, for example EUR.", length(3, 3)},
      Field{"stock", &AddProduct::stock, "How many are in the warehouse.", range(0, max_stock)}};
};

/// Adds to the stock of a product.
struct Restock {
  ProductId id;
  std::int64_t quantity = 0;

  using Reply = Product;
  static constexpr std::string_view name = "inventory.restock";
  static constexpr std::string_view summary = "Add to the stock of a product";
  static constexpr Route route{Verb::post, "/products/{id}/restock"};
  static constexpr Access access = Access::admin;
  static constexpr Repeat repeat = Repeat::with_key;
  static constexpr std::array errors{errors::not_found, errors::stock_too_large};
  static constexpr std::tuple fields{Field{"id", &Restock::id, "The product."},
                                     Field{"quantity", &Restock::quantity, "How many came in.", range(1, max_stock)}};
};

/// Reads one product. Idempotent.
struct GetProduct {
  ProductId id;

  using Reply = Product;
  static constexpr std::string_view name = "inventory.get_product";
  static constexpr std::string_view summary = "Read one product";
  static constexpr Route route{Verb::get, "/products/{id}"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr std::array errors{errors::not_found};
  static constexpr std::tuple fields{Field{"id", &GetProduct::id, "The product."}};
};

struct ProductPage {
  std::vector<Product> items;
  std::optional<std::string> next_cursor;

  static constexpr std::tuple fields{Field{"items", &ProductPage::items, "The products, by id."},
                                     Field{"next_cursor", &ProductPage::next_cursor, "Gives the next page; null on the last."}};
};

/// Lists the products, by id.
struct ListProducts {
  std::optional<std::int64_t> limit;
  std::optional<std::string> cursor;

  using Reply = ProductPage;
  static constexpr std::string_view name = "inventory.list_products";
  static constexpr std::string_view summary = "List the products, by id";
  static constexpr Route route{Verb::get, "/products"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{
      Field{"limit", &ListProducts::limit, "How many at most, 1 to 100; 50 by default.", range(1, 100)},
      Field{"cursor", &ListProducts::cursor, "The next_cursor of the page before.", length(1, 400)}};
};

/// What one product costs now.
struct QuotedPrice {
  ProductId product_id;
  std::int64_t unit_price_minor = 0;
  std::string currency;

  static constexpr std::tuple fields{Field{"product_id", &QuotedPrice::product_id, "The product."},
                                     Field{"unit_price", &QuotedPrice::unit_price_minor, "The price of one, in minor units."},
                                     Field{"currency", &QuotedPrice::currency, "ISO 4217."}};
};

struct Quotes {
  std::vector<QuotedPrice> items;

  static constexpr std::tuple fields{
      Field{"items", &Quotes::items, "One for each product asked for that exists, in the order of the question."}};
};

/// Says what products cost now. Idempotent. Products that do not exist are left out of the reply.
struct Quote {
  std::vector<ProductId> product_ids;

  using Reply = Quotes;
  static constexpr std::string_view name = "inventory.quote";
  static constexpr std::string_view summary = "Say what products cost now";
  static constexpr Route route{Verb::post, "/internal/inventory/quote"};
  static constexpr Access access = Access::internal;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"product_ids", &Quote::product_ids, "The products.", count(1, 100)}};
};

}  // namespace seamline::inventory
