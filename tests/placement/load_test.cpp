#include <atomic>
#include <thread>

#include "support/books.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::Shop;

namespace {

constexpr int callers = 8;
constexpr int orders_of_a_caller = 250;

/// Places orders from many threads at once, a few of each caller's cancelled in the midst of it.
void place_under_load(Shop& shop, const user::UserId& customer, std::atomic<int>& placed) {
  std::vector<std::thread> threads;
  for (int caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      const CallContext me = Shop::as_user(customer);
      for (int i = 0; i < orders_of_a_caller; ++i) {
        const char* token = i % 10 == 0 ? "tok_declined" : "tok_ok";
        const auto order = shop.orders().call(me, order::PlaceOrder{{{{"p" + std::to_string(i % 2)}, 1}}, token, std::nullopt});
        if (!order) continue;
        ++placed;
        if (i % 7 == caller % 7) (void)shop.orders().call(me, order::CancelOrder{order->order_id});
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

}  // namespace

TEST_CASE("with full subscriber queues under load nobody waits for ever, and every order ends") {
  test::ShopOptions options;
  options.threads = true;
  options.consumer_queue_entries = 8;
  options.puller_poll_ms = 600'000;  // whoever waited for the poll would wait too long
  Shop shop(options);
  const auto ada = shop.add_user();
  shop.add_product("p0", 100'000);
  shop.add_product("p1", 600);
  std::atomic<int> placed = 0;
  place_under_load(shop, ada, placed);
  shop.settle();

  CHECK(placed == callers * orders_of_a_caller);
  const auto counts = shop.orders().call(Shop::admin(), order::CountOrders{}).value();
  CHECK(counts.placed == 0);
  CHECK(counts.confirmed + counts.cancelled == placed);
  CHECK(counts.confirmed > 0);
  CHECK(counts.cancelled > 0);
  std::int64_t dropped = 0;
  for (const events::Consumer* consumer : shop.host().consumers()) dropped += consumer->counts().dropped_when_full;
  CHECK(dropped > 0);
  CHECK(test::check_books(shop) == "");
  CHECK(test::rebuilds_alike(shop.store_of("order")));
}

TEST_CASE("modules in hosts of their own, with threads and load, settle every order as well") {
  test::ShopOptions options;
  options.threads = true;
  options.looped_back = {"payment", "inventory"};
  Shop shop(options);
  const auto ada = shop.add_user();
  shop.add_product("p0", 100'000);
  shop.add_product("p1", 600);
  std::atomic<int> placed = 0;
  place_under_load(shop, ada, placed);
  shop.settle();
  CHECK(placed == callers * orders_of_a_caller);
  CHECK(shop.orders().call(Shop::admin(), order::CountOrders{}).value().placed == 0);
  CHECK(test::check_books(shop) == "");
}
