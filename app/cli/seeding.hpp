#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "cli/api_client.hpp"

namespace seamline::app {

/// How much sample data, and which: the same seed gives the same names, prices and orders.
struct SeedPlan {
  std::int64_t users = 3;
  std::int64_t products = 10;
  std::int64_t orders = 0;
  std::int64_t stock = 1'000;
  std::uint64_t seed = 42;
};

/// The ids of what was made.
struct Seeded {
  std::vector<std::string> user_ids;
  std::vector<std::string> product_ids;
  std::vector<std::string> order_ids;
};

/// The password of every seeded user.
inline constexpr std::string_view seeded_password = "open sesame 42";

/// The e-mail address of a seeded user, counted from 1: ada@example.org, grace@example.org, …
std::string seeded_email(std::int64_t number);

/// Fills a running shop through its API. What is there already (the same seed again) is used as it is, but for orders, which
/// are placed anew. Errors: those of the API.
Result<Seeded> seed_shop(ApiClient& shop, const SeedPlan& plan);

/// The body of an order of one to three of the products, for one of the users; with a payment token unless that is empty.
std::string random_order(Random& random, const Seeded& from, std::string_view payment_token = {});

}  // namespace seamline::app
