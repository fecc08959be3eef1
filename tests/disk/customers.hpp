#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "support/shop.hpp"

namespace seamline::test {

/// A customer and a shopkeeper with a day's wishes, each under an idempotency key of its own. They know what they were
/// answered, and nothing else: what was not answered they may ask for again, and it must have happened at most once.
class Customers {
 public:
  Customers();

  /// Does what the day brings, and a restart of the shop. What fails is left for later.
  void spend_day(Shop& shop);
  /// Asks again for all that was not answered, until every order has ended. Returns what was refused, a line each.
  std::string finish(Shop& shop);
  /// What is not as it was answered, or not as it must be, a line each. After finish().
  std::string check(Shop& shop) const;
  /// How many orders were answered so far.
  int answered() const;

 private:
  struct Wish {
    std::string key;
    std::vector<order::Item> items;
    std::string token;
    /// Composed step by step, and placed only if `token` is not empty.
    bool is_draft = false;
    bool is_taken_back = false;
    std::optional<order::OrderId> id;
    /// Of a draft: that it was placed. Else: like `id`.
    bool is_placed = false;
    /// The cancel was answered; with a yes or a no.
    bool is_cancel_answered = false;
    bool is_cancelled = false;
  };
  struct Product {
    std::string id;
    std::int64_t stock;
    bool is_added = false;
  };

  CallContext customer(const std::string& key) const;
  bool prepare(Shop& shop);
  bool place(Shop& shop, Wish& wish);
  bool compose(Shop& shop, Wish& wish);
  bool take_back(Shop& shop, Wish& wish);
  /// Each of these from `first` on.
  bool fulfil(Shop& shop, std::size_t first, std::size_t last);

  std::optional<user::UserId> user_;
  std::vector<Product> products_;
  std::vector<Wish> wishes_;
};

}  // namespace seamline::test
