#include "workloads.hpp"

#include "customers.hpp"
#include "killing.hpp"
#include "support/shop.hpp"

namespace seamline::mistakes {
namespace {

using test::Shop;
using test::ShopOptions;

constexpr std::int64_t price_of_a_house_minor = 3'000'000'000;

/// A shop in a folder, and its customers.
struct Scene {
  Scene(const std::filesystem::path& folder, ShopOptions options)
      : shop(in_folder(std::move(options), folder)), customers(shop, folder / "history") {}

  void open_the_shop() {
    customers.register_user("ada@example.org");
    customers.register_user(" Bob@Example.org");
    shop.add_product("mug", 5'000);
    shop.add_product("lamp", 100, 4'999);
    shop.add_product("house", 50, price_of_a_house_minor);
    shop.add_product("rarity", 3, 99'900);
  }
  void orders_of_all_sizes() {
    customers.place({{{"mug"}, 2}});
    customers.place({{{"mug"}, 300}, {{"lamp"}, 1}});
    shop.settle();
    customers.place({{{"house"}, 1}});
    customers.place({{{"lamp"}, 3}, {{"mug"}, 1}});
    shop.settle();
    (void)shop.products().call(Shop::admin(), inventory::Restock{{"mug"}, 40});
    shop.settle();
  }
  void declined_orders() {
    customers.place({{{"mug"}, 4}}, "tok_declined");
    customers.place({{{"lamp"}, 1}}, "tok_ok");
    customers.place({{{"lamp"}, 2}, {{"mug"}, 2}}, "tok_insufficient_funds");
    shop.settle();
  }
  void more_than_there_is() {
    for (int i = 0; i < 3; ++i) customers.place({{{"rarity"}, 2}, {{"mug"}, 1}});
    shop.settle();
  }
  void composed_orders() {
    for (int i = 0; i < 2; ++i) {
      const auto draft = customers.start_draft();
      customers.add_item(draft, {{"mug"}, 1});
      customers.add_item(draft, {{"lamp"}, 2});
      customers.add_item(draft, {{"mug"}, 3});
      if (i == 0) customers.place_draft(draft);
    }
    customers.cancel(customers.start_draft());
    shop.settle();
  }
  /// Cursors are written down and receipts are sent.
  void come_to_rest() {
    for (int i = 0; i < 3; ++i) {
      shop.clock.advance_ms(1'100);
      shop.settle();
    }
  }

  static ShopOptions in_folder(ShopOptions options, const std::filesystem::path& folder) {
    options.data_dir = folder;
    return options;
  }

  Shop shop;
  Customers customers;
};

void plain(Scene& scene) {
  scene.open_the_shop();
  scene.orders_of_all_sizes();
  scene.composed_orders();
}

void declines(Scene& scene) {
  scene.open_the_shop();
  scene.declined_orders();
}

void shortage(Scene& scene) {
  scene.open_the_shop();
  scene.more_than_there_is();
}

/// Customers cancel at once, and once all is over.
void cancels(Scene& scene) {
  scene.open_the_shop();
  const auto confirmed = scene.customers.place({{{"lamp"}, 1}});
  scene.shop.settle();
  scene.customers.cancel(confirmed);
  for (int i = 0; i < 3; ++i) scene.customers.cancel(scene.customers.place({{{"mug"}, 3}, {{"lamp"}, 1}}));
  scene.customers.place({{{"mug"}, 1}});
  scene.shop.settle();
}

/// They cancel when the stock is reserved already, and the order does not know it yet.
void late_cancels(Scene& scene) {
  scene.open_the_shop();
  std::vector<order::OrderId> orders;
  for (int i = 0; i < 4; ++i) orders.push_back(scene.customers.place({{{"mug"}, 3}, {{"lamp"}, 1}}));
  scene.shop.host().run_until_quiet();
  scene.customers.cancel(orders[1]);
  scene.customers.cancel(orders[2]);
  scene.shop.settle();
}

/// The order hears of its reservation only after that has waited too long and asked.
void slow_orders(Scene& scene) {
  scene.open_the_shop();
  for (int i = 0; i < 2; ++i) scene.customers.place({{{"mug"}, 3}, {{"lamp"}, 1}});
  scene.shop.host().run_until_quiet();
  scene.shop.clock.advance_ms(20'000);
  scene.shop.host().run_until_quiet();
  scene.shop.settle();
}

/// The provider does not answer at first.
void timeouts(Scene& scene) {
  scene.open_the_shop();
  scene.customers.place({{{"mug"}, 3}}, "tok_timeout");
  scene.customers.cancel(scene.customers.place({{{"mug"}, 5}}, "tok_timeout"));
  const auto asked_for_once = scene.customers.place({{{"mug"}, 7}}, "tok_timeout");
  scene.shop.settle();
  scene.customers.cancel(asked_for_once);
  scene.shop.settle();
  scene.shop.clock.advance_ms(10'000);
  scene.shop.settle();
}

/// Answers get lost, and are asked for again.
void retries(Scene& scene) {
  scene.open_the_shop();
  scene.customers.place({{{"mug"}, 2}});
  scene.customers.place_repeatedly({{{"mug"}, 2}}, 2);
  scene.customers.place_repeatedly({{{"lamp"}, 2}}, 3);
  scene.shop.settle();
}

void restart(Scene& scene) {
  scene.open_the_shop();
  scene.orders_of_all_sizes();
  scene.shop.stop();
  scene.shop.start();
  scene.customers.place({{{"mug"}, 2}});
  scene.shop.settle();
}

/// More comes at once than the consumers' queues hold.
void crowd(Scene& scene) {
  scene.open_the_shop();
  for (int i = 0; i < 8; ++i) scene.customers.place({{{"mug"}, 1}});
  scene.shop.settle();
}

/// Every module in a process of its own: all that they say to each other goes through bytes.
void split(Scene& scene) {
  scene.open_the_shop();
  scene.orders_of_all_sizes();
  scene.declined_orders();
}

void strangers(Scene& scene) {
  scene.open_the_shop();
  scene.customers.place_for_nobody();
  scene.customers.place({{{"mug"}, 1}});
  scene.shop.settle();
}

/// Something of everything: what edits of the stores start from.
void mixed(Scene& scene) {
  scene.open_the_shop();
  scene.orders_of_all_sizes();
  scene.declined_orders();
  scene.more_than_there_is();
  scene.composed_orders();
}

/// Orders without an end, for a process that is killed at a crash point (SEAMLINE_CRASH_AT).
void until_killed(Scene& scene) {
  scene.open_the_shop();
  for (int i = 0; i < 20; ++i) {
    scene.customers.place({{{"mug"}, 2}});
    if (i % 2 == 1) scene.shop.settle();
  }
}

/// The same with threads; the kill comes before the commit of an order, but not before its customer has an answer, if one comes.
void until_killed_after_an_answer(Scene& scene) {
  scene.open_the_shop();
  const KillBeforeCommit kill(6, [&] { return scene.customers.answers() >= 6; });
  for (int i = 0; i < 20; ++i) scene.customers.place({{{"mug"}, 2}});
}

/// The next process over the same stores: it goes on with what it finds, and the customers repeat what had no answer.
void after_a_kill(Scene& scene) {
  scene.customers.repeat_last({{{"mug"}, 2}});
  scene.shop.settle();
}

ShopOptions apart(std::set<std::string> modules) {
  ShopOptions options;
  options.looped_back = std::move(modules);
  return options;
}

ShopOptions with_short_reservations() {
  ShopOptions options = apart({"order"});
  options.inventory.reservation_ms = 10'000;
  return options;
}

ShopOptions with_short_queues() {
  ShopOptions options;
  options.consumer_queue_entries = 3;
  return options;
}

ShopOptions with_threads() {
  ShopOptions options;
  options.threads = true;
  return options;
}

/// Its ids are none that the process before has given.
ShopOptions of_the_next_process() {
  ShopOptions options;
  options.seed = 2;
  return options;
}

Workload workload(void (*play)(Scene&), ShopOptions options = {}) {
  return [play, options = std::move(options)](const std::filesystem::path& folder) {
    Scene scene(folder, options);
    play(scene);
    scene.come_to_rest();
  };
}

}  // namespace

const std::map<std::string, Workload>& workloads() {
  static const std::map<std::string, Workload> all{
      {"plain", workload(plain)},
      {"declines", workload(declines)},
      {"shortage", workload(shortage)},
      {"cancels", workload(cancels)},
      {"late-cancels", workload(late_cancels, apart({"order"}))},
      {"slow-orders", workload(slow_orders, with_short_reservations())},
      {"timeouts", workload(timeouts)},
      {"retries", workload(retries)},
      {"restart", workload(restart)},
      {"crowd", workload(crowd, with_short_queues())},
      {"split", workload(split, apart({"user", "order", "payment", "inventory"}))},
      {"strangers", workload(strangers)},
      {"mixed", workload(mixed)},
      {"until-killed", workload(until_killed)},
      {"until-killed-after-an-answer", workload(until_killed_after_an_answer, with_threads())},
      {"after-a-kill", workload(after_a_kill, of_the_next_process())}};
  return all;
}

}  // namespace seamline::mistakes
