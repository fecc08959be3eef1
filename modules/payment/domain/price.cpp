#include "domain/price.hpp"

#include <algorithm>

#include "base/money.hpp"

namespace seamline::payment {

bool has_unpriced(const std::vector<Line>& lines) {
  return std::any_of(lines.begin(), lines.end(), [](const Line& line) { return !line.unit_price_minor; });
}

std::optional<std::int64_t> sum_of(const std::vector<Line>& lines) {
  std::optional<std::int64_t> sum = 0;
  for (const Line& line : lines) {
    if (!line.unit_price_minor) return std::nullopt;
    const auto price = checked_multiply(*line.unit_price_minor, line.quantity);
    sum = price ? checked_add(*sum, *price) : std::nullopt;
    if (!sum) return std::nullopt;
  }
  return sum;
}

std::vector<Line> priced(std::vector<Line> lines, const std::vector<Price>& prices, const std::string& currency) {
  for (Line& line : lines) {
    if (line.unit_price_minor) continue;
    const auto found = std::find_if(prices.begin(), prices.end(), [&](const Price& price) {
      return price.product_id == line.product_id && price.currency == currency;
    });
    if (found != prices.end()) line.unit_price_minor = found->unit_price_minor;
  }
  return lines;
}

}  // namespace seamline::payment
