#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/id.hpp"

namespace seamline::payment {

using ProductId = Id<"product">;

/// One line of an order, with the price of one where the order, or the shop, has named it.
struct Line {
  ProductId product_id;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price_minor;
};

/// What the shop takes for one of a product.
struct Price {
  ProductId product_id;
  std::int64_t unit_price_minor = 0;
  std::string currency;
};

/// Whether the price of a line is missing.
bool has_unpriced(const std::vector<Line>& lines);

/// What the lines add up to; empty where a price is missing, or the sum is none that can be paid.
std::optional<std::int64_t> sum_of(const std::vector<Line>& lines);

/// The lines with the shop's prices where they had none. A price in another currency than that of the payment is none.
std::vector<Line> priced(std::vector<Line> lines, const std::vector<Price>& prices, const std::string& currency);

}  // namespace seamline::payment
