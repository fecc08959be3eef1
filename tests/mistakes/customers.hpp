#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "support/shop.hpp"

namespace seamline::mistakes {

/// Customers of a shop, who keep a history of what they asked for and what they were told: the file that both audits read
/// (app/audit/README.md). Each request has a key of its own, which follows from its number, so that a process that was killed can
/// be asked again by the next one.
class Customers {
 public:
  /// `shop` exists and outlives them. A history that is there already goes on.
  Customers(test::Shop& shop, const std::filesystem::path& history);

  void register_user(const std::string& email);

  /// Ada places an order. Returns its id; empty where it was refused.
  order::OrderId place(const std::vector<order::Item>& items, const std::string& token = "tok_ok");
  /// Ada places an order `times` times under one key, as if the answers before the last had been lost.
  void place_repeatedly(const std::vector<order::Item>& items, int times);
  order::OrderId start_draft();
  void add_item(const order::OrderId& draft, const order::Item& item);
  void place_draft(const order::OrderId& draft);
  void cancel(const order::OrderId& id);
  /// An admin orders for somebody who is no user: refused.
  void place_for_nobody();
  /// What the process before was asked for when it was killed is asked for again, under the same key.
  void repeat_last(const std::vector<order::Item>& items);

  /// How many answers have been written down. Thread-safe.
  int answers() const { return answers_; }

 private:
  struct Request {
    std::string operation;
    std::string key;
  };

  Request new_request(const std::string& operation);
  CallContext context_of(const Request& request, const CallContext& caller);
  void record(const Request& request, const Result<order::Order>& answer, bool is_lost);
  CallContext as_ada() const { return test::Shop::as_user(ada_); }

  test::Shop& shop_;
  const std::filesystem::path history_;
  user::UserId ada_;
  int requests_ = 0;
  int attempts_ = 0;
  std::atomic<int> answers_{0};
};

}  // namespace seamline::mistakes
