#include "audit/json_texts.hpp"

#include <algorithm>

#include "base/json.hpp"

namespace seamline::audit {
namespace {

std::optional<json::Value> parse_as(json::Type type, std::string_view text) {
  json::ParseLimits limits;
  limits.max_members = 10'000;
  auto value = json::parse(text, limits);
  if (!value || !value->is(type)) return std::nullopt;
  return std::move(*value);
}

/// What is null or is not there is empty; false for anything else than an integer.
bool take(const json::Value& object, std::string_view name, std::optional<std::int64_t>& out) {
  const json::Value* value = object.find(name);
  if (value == nullptr || value->is(json::Type::null)) return true;
  if (!value->is(json::Type::integer)) return false;
  out = value->integer;
  return true;
}

bool take(const json::Value& object, std::string_view name, std::optional<std::string>& out) {
  const json::Value* value = object.find(name);
  if (value == nullptr || value->is(json::Type::null)) return true;
  if (!value->is(json::Type::string)) return false;
  out = value->text;
  return true;
}

std::optional<Line> line_from(const json::Value& object) {
  std::optional<std::string> product_id;
  std::optional<std::int64_t> quantity;
  Line line;
  if (!take(object, "product_id", product_id) || !take(object, "quantity", quantity)) return std::nullopt;
  if (!take(object, "unit_price", line.unit_price_minor) || !product_id || !quantity) return std::nullopt;
  line.product_id = std::move(*product_id);
  line.quantity = *quantity;
  return line;
}

std::optional<Lines> lines_from(const json::Value& array) {
  if (!array.is(json::Type::array)) return std::nullopt;
  Lines lines;
  for (const json::Value& item : array.items) {
    auto line = line_from(item);
    if (!line) return std::nullopt;
    lines.push_back(std::move(*line));
  }
  return lines;
}

}  // namespace

std::optional<Lines> read_items(std::string_view text) {
  const auto array = parse_as(json::Type::array, text);
  return array ? lines_from(*array) : std::nullopt;
}

std::optional<Lines> read_quantities(std::string_view text) {
  const auto object = parse_as(json::Type::object, text);
  if (!object) return std::nullopt;
  Lines lines;
  for (const json::Value& quantity : object->items) {
    if (!quantity.is(json::Type::integer)) return std::nullopt;
    lines.push_back({quantity.name, quantity.integer, std::nullopt});
  }
  return lines;
}

std::optional<Line> read_line(std::string_view text) {
  const auto object = parse_as(json::Type::object, text);
  return object ? line_from(*object) : std::nullopt;
}

std::optional<PricedOrder> read_priced_order(std::string_view text) {
  const auto object = parse_as(json::Type::object, text);
  if (!object) return std::nullopt;
  const json::Value* items = object->find("items");
  auto lines = items != nullptr ? lines_from(*items) : std::nullopt;
  PricedOrder order;
  std::optional<std::int64_t> total;
  std::optional<std::string> currency;
  if (!lines || !take(*object, "total", total) || !take(*object, "currency", currency)) return std::nullopt;
  if (!take(*object, "user_id", order.user_id) || !total || !currency) return std::nullopt;
  order.items = std::move(*lines);
  order.total_minor = *total;
  order.currency = std::move(*currency);
  return order;
}

std::optional<OrderedBy> read_ordered_by(std::string_view text) {
  const auto object = parse_as(json::Type::object, text);
  OrderedBy by;
  if (!object || !take(*object, "user_id", by.user_id) || !take(*object, "user_name", by.user_name)) return std::nullopt;
  return by;
}

std::optional<std::int64_t> read_integer(std::string_view text, std::string_view name) {
  const auto object = parse_as(json::Type::object, text);
  std::optional<std::int64_t> value;
  if (!object || !take(*object, name, value)) return std::nullopt;
  return value;
}

std::optional<std::string> read_text(std::string_view text, std::string_view name) {
  const auto object = parse_as(json::Type::object, text);
  std::optional<std::string> value;
  if (!object || !take(*object, name, value)) return std::nullopt;
  return value;
}

Lines quantities_of(const Lines& lines) {
  Lines sorted = lines;
  std::sort(sorted.begin(), sorted.end(), [](const Line& a, const Line& b) { return a.product_id < b.product_id; });
  Lines sums;
  for (Line& line : sorted) {
    line.unit_price_minor.reset();
    if (sums.empty() || sums.back().product_id != line.product_id) {
      sums.push_back(std::move(line));
    } else {
      // Wraps where a store holds nonsense; it is then unequal to what it is compared with.
      const auto sum = static_cast<std::uint64_t>(sums.back().quantity) + static_cast<std::uint64_t>(line.quantity);
      sums.back().quantity = static_cast<std::int64_t>(sum);
    }
  }
  return sums;
}

}  // namespace seamline::audit
