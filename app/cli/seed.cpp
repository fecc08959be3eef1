#include <cstdio>

#include "cli/commands.hpp"
#include "cli/seeding.hpp"

namespace seamline::app {
namespace {

struct SeedOptions {
  ShopAccess access;
  SeedPlan plan;
  bool as_json = false;
};

void print_json(const Seeded& seeded) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  const auto list = [&](std::string_view name, const std::vector<std::string>& ids) {
    writer.key(name);
    writer.begin_array();
    for (const std::string& id : ids) writer.string(id);
    writer.end_array();
  };
  list("user_ids", seeded.user_ids);
  list("product_ids", seeded.product_ids);
  list("order_ids", seeded.order_ids);
  writer.end_object();
  std::printf("%s\n", text.c_str());
}

int seed(const SeedOptions& options) {
  ApiClient shop(options.access);
  auto logged_in = shop.log_in();
  const auto seeded = logged_in ? seed_shop(shop, options.plan) : Result<Seeded>(fail(logged_in.error()));
  if (!seeded) {
    complain(seeded.error());
    return seeded.error().code == "call.unavailable" ? exit_unreachable : exit_failed;
  }
  if (options.as_json) {
    print_json(*seeded);
  } else {
    std::printf("%zu users (password \"%s\"), %zu products, %zu orders\n", seeded->user_ids.size(),
                std::string(seeded_password).c_str(), seeded->product_ids.size(), seeded->order_ids.size());
  }
  return exit_ok;
}

}  // namespace

void add_seed(CLI::App& program, Action& chosen) {
  auto* command = program.add_subcommand("seed", "Fill a running shop with sample users, products and orders, through its API.");
  auto options = std::make_shared<SeedOptions>();
  add_access_options(*command, options->access);
  command->add_option("--users", options->plan.users, "How many users.")->check(CLI::Range(1, 1'000))->capture_default_str();
  command->add_option("--products", options->plan.products, "How many products.")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--orders", options->plan.orders, "How many orders.")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
  command->add_option("--stock", options->plan.stock, "How many of each product.")
      ->check(CLI::Range(0, 1'000'000'000))
      ->capture_default_str();
  command->add_option("--seed", options->plan.seed, "The same seed gives the same data.")->capture_default_str();
  command->add_flag("--json", options->as_json, "Print the ids as JSON.");
  command->callback([&chosen, options] { chosen = [options] { return seed(*options); }; });
}

}  // namespace seamline::app
