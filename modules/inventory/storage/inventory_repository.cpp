#include "storage/inventory_repository.hpp"

#include "base/assert.hpp"
#include "base/fault.hpp"
#include "base/json.hpp"

namespace seamline::inventory {
namespace {

Stocked read_product(store::Rows& row) {
  return {row.id<ProductId>(0),     std::string(row.text(1)), row.integer(2),
          std::string(row.text(3)), row.integer(4),           row.integer(5)};
}

/// The lines as a JSON object of quantities by product, which is short: it is read at each step of the saga.
std::string encode_lines(const std::vector<Line>& lines) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  for (const Line& line : lines) {
    writer.escaped_key(line.product_id.text);
    writer.integer(line.quantity);
  }
  writer.end_object();
  return text;
}

std::vector<Line> decode_lines(std::string_view text) {
  // An order that others placed may have more lines than any other object has members.
  json::ParseLimits limits;
  limits.max_members = 10'000;
  const auto quantities = json::parse(text, limits);
  if (!quantities) throw store::StorageError("a reservation's lines are unreadable");
  std::vector<Line> lines;
  for (const json::Value& quantity : quantities->items) lines.push_back({ProductId{quantity.name}, quantity.integer});
  return lines;
}

}  // namespace

std::optional<Stocked> SqlInventoryRepository::find_product(store::View& view, const ProductId& id) const {
  store::Rows row = view.rows().query(
      "SELECT product_id, name, price_minor, currency, on_hand, reserved FROM products WHERE product_id = $1", id);
  if (!row.next()) return std::nullopt;
  return read_product(row);
}

std::vector<Stocked> SqlInventoryRepository::list_products(store::View& view, const std::string& after,
                                                           std::int64_t limit) const {
  store::Rows row = view.rows().query(
      "SELECT product_id, name, price_minor, currency, on_hand, reserved FROM products WHERE product_id > $1 "
      "ORDER BY product_id LIMIT $2",
      after, limit);
  std::vector<Stocked> products;
  while (row.next()) products.push_back(read_product(row));
  return products;
}

void SqlInventoryRepository::add_product(store::Transaction& transaction, const Stocked& product) const {
  transaction.rows().execute(
      "INSERT INTO products (product_id, name, price_minor, currency, on_hand, reserved) VALUES ($1, $2, $3, $4, 0, 0)",
      product.product_id, product.name, product.price_minor, product.currency);
  save_stock(transaction, product, Movement::added, product.on_hand, std::nullopt);
}

void SqlInventoryRepository::save_stock(store::Transaction& transaction, const Stocked& product, Movement movement,
                                        std::int64_t quantity, const std::optional<OrderId>& order_id) const {
  transaction.rows().execute_for_one_row("UPDATE products SET on_hand = $2, reserved = $3 WHERE product_id = $1",
                                         product.product_id, product.on_hand, product.reserved);
  if (SEAMLINE_MISTAKE("movement-not-booked")) return;
  transaction.rows().execute(
      "INSERT INTO stock_movements (id, product_id, kind, quantity, order_id, at_ms) "
      "VALUES ((SELECT coalesce(max(id), 0) + 1 FROM stock_movements), $1, $2, $3, $4, $5)",
      product.product_id, name_of(movement), quantity, order_id, transaction.now());
}

std::optional<Reservation> SqlInventoryRepository::find_reservation(store::View& view, const OrderId& id) const {
  store::Rows row = view.rows().query("SELECT lines, is_paid, ending, stock FROM reservations WHERE order_id = $1", id);
  if (!row.next()) return std::nullopt;
  Reservation reservation;
  reservation.order_id = id;
  reservation.lines = decode_lines(row.text(0));
  reservation.is_paid = row.integer(1) != 0;
  reservation.ending = enum_from_name<Ending>(row.text(2)).value();
  reservation.stock = enum_from_name<StockState>(row.text(3)).value();
  return reservation;
}

void SqlInventoryRepository::save_reservation(store::Transaction& transaction, const Reservation& reservation) const {
  transaction.rows().execute(
      "INSERT INTO reservations (order_id, lines, is_paid, ending, stock, updated_at_ms) VALUES ($1, $2, $3, $4, $5, $6) "
      "ON CONFLICT (order_id) DO UPDATE SET lines = excluded.lines, is_paid = excluded.is_paid, ending = excluded.ending, "
      "stock = excluded.stock, updated_at_ms = excluded.updated_at_ms",
      reservation.order_id, encode_lines(reservation.lines), reservation.is_paid, name_of(reservation.ending),
      name_of(reservation.stock), transaction.now());
}

}  // namespace seamline::inventory
