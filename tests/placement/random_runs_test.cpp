#include "support/books.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::Shop;

namespace {

constexpr int runs = 300;
constexpr int orders_in_a_run = 20;

/// Customers who do what comes to their minds, a clock that jumps, and a process that ends now and then.
class RandomRun {
 public:
  RandomRun(Shop& shop, std::uint64_t seed) : shop_(shop), random_(seed) {
    customer_ = shop_.add_user();
    for (int i = 0; i < 3; ++i) shop_.add_product(product_name(i), static_cast<std::int64_t>(below(40)));
  }

  void play() {
    while (started_ < orders_in_a_run) {
      switch (below(12)) {
        case 0:
        case 1:
        case 2:
        case 3: place(); break;
        case 4: compose(); break;
        case 5:
        case 6: cancel(); break;
        case 7: shop_.clock.advance_ms(static_cast<std::int64_t>(below(below(8) == 0 ? 90'000 : 1'500))); break;
        case 8:
          if (below(3) == 0) restart();
          break;
        case 9:
          (void)shop_.products().call(Shop::admin(), inventory::Restock{{product_name(static_cast<int>(below(3)))},
                                                                        1 + static_cast<std::int64_t>(below(5))});
          break;
        default: shop_.settle();
      }
    }
    // Deadlines, repeats and drafts all come due.
    for (int i = 0; i < 4; ++i) {
      shop_.settle();
      shop_.clock.advance_ms(120'000);
    }
    shop_.settle();
  }

 private:
  static std::string product_name(int number) { return "p" + std::to_string(number); }
  std::uint64_t below(std::uint64_t bound) { return random_.below(bound); }
  std::string some_token() {
    static const std::array<const char*, 6> tokens{"tok_ok",      "tok_ok",       "tok_timeout",
                                                   "tok_timeout", "tok_declined", "tok_insufficient_funds"};
    return tokens[below(tokens.size())];
  }
  order::Item some_item() { return {{product_name(static_cast<int>(below(3)))}, 1 + static_cast<std::int64_t>(below(4))}; }

  void place() {
    std::vector<order::Item> items;
    for (std::uint64_t i = 0; i <= below(3); ++i) items.push_back(some_item());
    placed_.push_back(shop_.place(customer_, items, some_token()).order_id);
    ++started_;
  }
  void compose() {
    const CallContext me = Shop::as_user(customer_);
    const auto id = shop_.orders().call(me, order::StartDraft{}).value().order_id;
    for (std::uint64_t i = 0; i < below(3); ++i) {
      const order::Item item = some_item();
      (void)shop_.orders().call(me, order::AddItem{id, item.product_id, item.quantity});
    }
    if (below(3) != 0) (void)shop_.orders().call(me, order::PlaceDraft{id, some_token()});
    placed_.push_back(id);
    ++started_;
  }
  void cancel() {
    if (placed_.empty()) return;
    const auto& id = below(2) == 0 ? placed_.back() : placed_[below(placed_.size())];
    (void)shop_.orders().call(Shop::as_user(customer_), order::CancelOrder{id});
  }
  void restart() {
    shop_.stop();
    shop_.start();
  }

  Shop& shop_;
  SeededRandom random_;
  user::UserId customer_;
  std::vector<order::OrderId> placed_;
  int started_ = 0;
};

/// Each run with a placement of its own, so that all of them come up.
void play_runs(int first, int last) {
  const std::array<std::string, 4> modules{"user", "order", "payment", "inventory"};
  std::map<std::string, std::int64_t> ends;
  for (int seed = first; seed < last; ++seed) {
    test::ShopOptions options;
    options.seed = static_cast<std::uint64_t>(seed);
    options.inventory.reservation_ms = 30'000;
    options.consumer_queue_entries = seed % 3 == 0 ? 2 : 4096;
    for (std::size_t i = 0; i < modules.size(); ++i) {
      if (seed % 4 == 0 && (static_cast<unsigned>(seed) / 4 >> i & 1U) != 0) options.looped_back.insert(modules[i]);
    }
    INFO("seed " << seed);
    Shop shop(options);
    RandomRun(shop, static_cast<std::uint64_t>(seed)).play();
    REQUIRE(test::check_books(shop) == "");
    REQUIRE(test::rebuilds_alike(shop.store_of("order")));
    for (const char* status : {"confirmed", "cancelled", "pending"}) {
      ends[status] += test::count_in(shop.store_of("order"), "SELECT count(*) FROM orders WHERE status = $1", status);
    }
  }
  // The runs are worth something: orders end in every way.
  CHECK(ends["confirmed"] > last - first);
  CHECK(ends["cancelled"] > last - first);
  CHECK(ends["pending"] > 0);
}

}  // namespace

// In parts, so that they can run beside each other.
TEST_CASE("after any run of orders, cancels, restarts and time, the books are in order (1)") { play_runs(0, runs / 3); }
TEST_CASE("after any run of orders, cancels, restarts and time, the books are in order (2)") {
  play_runs(runs / 3, runs * 2 / 3);
}
TEST_CASE("after any run of orders, cancels, restarts and time, the books are in order (3)") { play_runs(runs * 2 / 3, runs); }
