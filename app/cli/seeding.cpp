#include "cli/seeding.hpp"

#include <array>
#include <functional>

#include "base/random.hpp"

namespace seamline::app {
namespace {

constexpr std::array<std::string_view, 8> first_names{"Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Tony"};
constexpr std::array<std::string_view, 8> adjectives{"plain", "blue", "sturdy", "light", "old", "large", "folding", "quiet"};
constexpr std::array<std::string_view, 8> nouns{"lamp", "chair", "kettle", "rope", "notebook", "clock", "ladder", "basket"};

std::string_view first_name(std::int64_t number) {
  return first_names[static_cast<std::size_t>(number - 1) % first_names.size()];
}

std::string object(const std::function<void(json::Writer&)>& write) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  write(writer);
  writer.end_object();
  return text;
}

/// One user. The key makes a second run within a day get the same user again.
Result<std::string> add_user(ApiClient& shop, std::int64_t number) {
  const std::string email = seeded_email(number);
  auto added = shop.post("/users", object([&](json::Writer& writer) {
                           writer.member("email", email);
                           writer.member("password", seeded_password);
                           writer.member("name", first_name(number));
                         }),
                         "seed-" + email);
  if (!added) return fail(std::move(added.error()));
  return text_member(*added, "id");
}

Result<std::string> add_product(ApiClient& shop, std::int64_t number, const SeedPlan& plan, Random& random) {
  const std::string id = "p" + std::to_string(number);
  const std::string name =
      std::string(adjectives[random.below(adjectives.size())]) + " " + std::string(nouns[random.below(nouns.size())]);
  const auto price = static_cast<std::int64_t>(100 + random.below(9'900));
  auto added = shop.post("/products", object([&](json::Writer& writer) {
                           writer.member("product_id", id);
                           writer.member("name", name);
                           writer.member("price", price);
                           writer.member("currency", "EUR");
                           writer.member("stock", plan.stock);
                         }),
                         {});
  if (!added && added.error().code != "inventory.product_exists") return fail(std::move(added.error()));
  return id;
}

}  // namespace

std::string seeded_email(std::int64_t number) {
  std::string email(first_name(number));
  email.front() = static_cast<char>(email.front() - 'A' + 'a');
  if (static_cast<std::size_t>(number) > first_names.size()) email += std::to_string(number);
  return email + "@example.org";
}

std::string random_order(Random& random, const Seeded& from, std::string_view payment_token) {
  return object([&](json::Writer& writer) {
    writer.member("user_id", from.user_ids[random.below(from.user_ids.size())]);
    writer.key("items");
    writer.begin_array();
    const std::uint64_t lines = 1 + random.below(3);
    for (std::uint64_t line = 0; line < lines; ++line) {
      writer.begin_object();
      writer.member("product_id", from.product_ids[random.below(from.product_ids.size())]);
      writer.member("quantity", static_cast<std::int64_t>(1 + random.below(3)));
      writer.end_object();
    }
    writer.end_array();
    if (!payment_token.empty()) writer.member("payment_token", payment_token);
  });
}

Result<Seeded> seed_shop(ApiClient& shop, const SeedPlan& plan) {
  SeededRandom random(plan.seed);
  Seeded seeded;
  for (std::int64_t number = 1; number <= plan.users; ++number) {
    auto id = add_user(shop, number);
    if (!id) return fail(std::move(id.error()));
    seeded.user_ids.push_back(std::move(*id));
  }
  for (std::int64_t number = 1; number <= plan.products; ++number) {
    auto id = add_product(shop, number, plan, random);
    if (!id) return fail(std::move(id.error()));
    seeded.product_ids.push_back(std::move(*id));
  }
  for (std::int64_t number = 0; number < plan.orders; ++number) {
    auto placed = shop.post("/orders", random_order(random, seeded));
    auto id = placed ? text_member(*placed, "order_id") : Result<std::string>(fail(std::move(placed.error())));
    if (!id) return fail(std::move(id.error()));
    seeded.order_ids.push_back(std::move(*id));
  }
  return seeded;
}

}  // namespace seamline::app
