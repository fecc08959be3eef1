#pragma once

#include <map>
#include <string>

#include "audit/cut.hpp"
#include "audit/dossier.hpp"
#include "audit/findings.hpp"
#include "audit/sum.hpp"

namespace seamline::audit {

/// S1 to S14: all movements in their order, then one order after the other, then the products.
class StockChecks {
 public:
  StockChecks(Cut& cut, Findings& findings) : inventory_(cut.database(Owner::inventory)), findings_(findings) {}
  void examine_movements();
  void examine(const Dossier& order);
  void finish();

 private:
  /// What the movements of a product, and the reservations, say of it.
  struct Stock {
    bool is_product = false;
    Sum on_hand = 0;
    Sum reserved = 0;
    std::int64_t times_added = 0;
    bool was_added_first = false;
    bool has_moved = false;
    Sum in_reservations = 0;

    void move(std::string_view kind, std::int64_t quantity);
  };

  void each_movement_once(const Dossier& order);
  void all_lines_or_none(const Dossier& order);
  void state(const Dossier& order);
  void announcements(const Dossier& order);
  void expiry(const Dossier& order);
  void lines(const Dossier& order);
  void ended(const Dossier& order);

  Database& inventory_;
  Findings& findings_;
  std::map<std::string, Stock, std::less<>> stocks_;
};

}  // namespace seamline::audit
