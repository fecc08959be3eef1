#include "domain/reservation.hpp"

#include <algorithm>

namespace seamline::inventory {

void Reservation::hear_lines(const std::vector<Line>& ordered) {
  if (!lines.empty()) return;
  for (const Line& line : ordered) {
    const auto same =
        std::find_if(lines.begin(), lines.end(), [&](const Line& known) { return known.product_id == line.product_id; });
    if (same == lines.end()) {
      lines.push_back(line);
    } else {
      same->quantity += line.quantity;
    }
  }
}

void Reservation::hear_ending(Ending word) {
  if (ending == Ending::open) ending = word;
}

Reservation::Step Reservation::next_step() const {
  if (ending == Ending::open && stock == StockState::untouched && is_paid && !lines.empty()) return Step::reserve;
  if (ending == Ending::confirmed && stock == StockState::reserved) return Step::commit;
  if (ending == Ending::cancelled && stock == StockState::reserved) return Step::release;
  return Step::none;
}

}  // namespace seamline::inventory
