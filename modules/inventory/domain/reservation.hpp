#pragma once

#include <cstdint>
#include <vector>

#include "inventory/events.hpp"

namespace seamline::inventory {

struct Line {
  ProductId product_id;
  std::int64_t quantity = 0;
  bool operator==(const Line&) const = default;
};

/// The order's own word, which alone ends a reservation.
enum class Ending : std::uint8_t { open, confirmed, cancelled };
/// What was done to the stock for the order.
enum class StockState : std::uint8_t { untouched, reserved, refused, released, committed };

/// What inventory knows of one order. The events of an order come in any order; each is recorded, and next_step() says what
/// follows from all that is known. Endings are sticky.
struct Reservation {
  OrderId order_id;
  std::vector<Line> lines;
  bool is_paid = false;
  Ending ending = Ending::open;
  StockState stock = StockState::untouched;

  enum class Step : std::uint8_t { none, reserve, commit, release };

  /// The lines, from OrderCreated; the first word counts. Repeated products are added up.
  void hear_lines(const std::vector<Line>& ordered);
  void hear_paid() { is_paid = true; }
  /// The first ending counts.
  void hear_ending(Ending word);
  Step next_step() const;
};

}  // namespace seamline::inventory

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::inventory::Ending>{"open", "confirmed",
                                                                                                   "cancelled"};
template <>
inline constexpr std::array<std::string_view, 5> seamline::enum_names<seamline::inventory::StockState>{
    "untouched", "reserved", "refused", "released", "committed"};
