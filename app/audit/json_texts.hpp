#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What the stores keep as JSON, as far as the audit wants it. Each reader is empty where the text is not what it should be.
namespace seamline::audit {

/// One line of an order.
struct Line {
  std::string product_id;
  std::int64_t quantity = 0;
  std::optional<std::int64_t> unit_price_minor;
  bool operator==(const Line&) const = default;
};
using Lines = std::vector<Line>;

/// OrderPlaced of an order, and OrderCreated of order's log, which alone has a user.
struct PricedOrder {
  Lines items;
  std::int64_t total_minor = 0;
  std::string currency;
  std::optional<std::string> user_id;
};

/// OrderStarted of an order.
struct OrderedBy {
  std::optional<std::string> user_id;
  std::optional<std::string> user_name;
};

/// `[{"product_id":"p1","quantity":2,"unit_price":250}, …]`
std::optional<Lines> read_items(std::string_view text);
/// `{"p1":2, …}`, a reservation's lines.
std::optional<Lines> read_quantities(std::string_view text);
std::optional<Line> read_line(std::string_view text);
std::optional<PricedOrder> read_priced_order(std::string_view text);
std::optional<OrderedBy> read_ordered_by(std::string_view text);
/// An integer, or a text, that stands under this name in an object.
std::optional<std::int64_t> read_integer(std::string_view text, std::string_view name);
std::optional<std::string> read_text(std::string_view text, std::string_view name);

/// The quantity of each product, without prices, in the order of the products' ids: two orders of the same goods are then equal.
Lines quantities_of(const Lines& lines);

}  // namespace seamline::audit
