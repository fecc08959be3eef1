#include <set>

#include "support/books.hpp"
#include "support/catch.hpp"

using namespace seamline;
using test::Shop;

namespace {

/// Reads all pages, doing something between each two.
template <class Between>
std::vector<std::string> page_through(Shop& shop, order::ListOrders filter, Between between) {
  std::vector<std::string> ids;
  for (;;) {
    const auto page = shop.orders().call(Shop::admin(), filter).value();
    CHECK(page.items.size() <= static_cast<std::size_t>(*filter.limit));
    for (const order::Order& order : page.items) ids.push_back(order.order_id.text);
    if (!page.next_cursor) return ids;
    filter.cursor = page.next_cursor;
    between();
  }
}

}  // namespace

TEST_CASE("paging through the orders while others are placed shows each that was there once, newest first") {
  Shop shop;
  const auto ada = shop.add_user();
  const auto eve = shop.add_user("eve@example.org");
  shop.add_product("p1", 1'000);
  std::vector<std::string> of_ada;
  std::vector<std::string> all;
  for (int i = 0; i < 23; ++i) {
    const auto id = shop.place(i % 2 == 0 ? ada : eve, {{{"p1"}, 1}}).order_id.text;
    all.insert(all.begin(), id);
    if (i % 2 == 0) of_ada.insert(of_ada.begin(), id);
    if (i % 5 == 0) shop.clock.advance_ms(3);
  }
  const auto place_more = [&] {
    shop.place(ada, {{{"p1"}, 1}});
    shop.clock.advance_ms(1);
    shop.place(eve, {{{"p1"}, 1}});
  };
  for (const std::int64_t limit : {1, 4, 23}) {
    order::ListOrders filter;
    filter.limit = limit;
    const auto seen = page_through(shop, filter, place_more);
    // Those placed meanwhile are newer than the first page, so the list ends with what was there at the start.
    REQUIRE(seen.size() >= all.size());
    CHECK(std::vector<std::string>(seen.end() - static_cast<std::ptrdiff_t>(all.size()), seen.end()) == all);
    CHECK(std::is_sorted(seen.rbegin(), seen.rend()));
    CHECK(std::set<std::string>(seen.begin(), seen.end()).size() == seen.size());
  }
  order::ListOrders only_ada;
  only_ada.limit = 3;
  only_ada.user_id = ada;
  const auto seen = page_through(shop, only_ada, place_more);
  CHECK(std::vector<std::string>(seen.end() - static_cast<std::ptrdiff_t>(of_ada.size()), seen.end()) == of_ada);
}

TEST_CASE("a list by status holds exactly the orders of that status, page by page") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 1'000);
  for (int i = 0; i < 12; ++i) shop.place(ada, {{{"p1"}, 1}}, i % 3 == 0 ? "tok_declined" : "tok_ok");
  (void)shop.orders().call(Shop::as_user(ada), order::StartDraft{}).value();
  shop.settle();
  for (const auto& [status, wanted] : std::map<order::OrderStatus, std::size_t>{{order::OrderStatus::cancelled, 4},
                                                                                {order::OrderStatus::confirmed, 8},
                                                                                {order::OrderStatus::pending, 1},
                                                                                {order::OrderStatus::placed, 0}}) {
    order::ListOrders filter;
    filter.limit = 3;
    filter.status = status;
    const auto ids = page_through(shop, filter, [] {});
    CHECK(std::set<std::string>(ids.begin(), ids.end()).size() == wanted);
    for (const std::string& id : ids) CHECK(shop.order({id}).status == status);
  }
  CHECK(test::check_books(shop).empty());
}

TEST_CASE("paging through the products while others are added shows each that was there once, by id") {
  Shop shop;
  for (const char* id : {"b", "d", "f", "h", "j"}) shop.add_product(id, 1);
  std::vector<std::string> seen;
  inventory::ListProducts filter;
  filter.limit = 2;
  for (int page_number = 0;; ++page_number) {
    const auto page = shop.products().call({}, filter).value();
    for (const auto& product : page.items) seen.push_back(product.product_id.text);
    if (!page.next_cursor) break;
    filter.cursor = page.next_cursor;
    shop.add_product("a" + std::to_string(page_number), 1);  // before the cursor: not shown any more
    shop.add_product("i" + std::to_string(page_number), 1);  // behind it: shown
  }
  CHECK(seen == std::vector<std::string>{"b", "d", "f", "h", "i0", "i1", "i2", "j"});
}

TEST_CASE("a timeline tells an order's versions from one to its last, without a gap") {
  Shop shop;
  const auto ada = shop.add_user();
  shop.add_product("p1", 10);
  const auto me = Shop::as_user(ada);
  const auto draft = shop.orders().call(me, order::StartDraft{}).value();
  (void)shop.orders().call(me, order::AddItem{draft.order_id, {"p1"}, 2}).value();
  (void)shop.orders().call(me, order::AddItem{draft.order_id, {"p1"}, 1}).value();
  (void)shop.orders().call(me, order::PlaceDraft{draft.order_id, std::nullopt}).value();
  shop.settle();
  const auto timeline = shop.orders().call(me, order::GetTimeline{draft.order_id}).value();
  std::vector<std::string> types;
  for (const auto& event : timeline.items) {
    types.push_back(event.type);
    CHECK(event.version == static_cast<std::int64_t>(types.size()));
  }
  CHECK(types == std::vector<std::string>{"OrderStarted", "ItemAdded", "ItemAdded", "OrderPlaced", "OrderConfirmed"});
  CHECK(shop.order(draft.order_id).version == 5);
}

TEST_CASE("a cursor that no page has given is refused") {
  Shop shop;
  order::ListOrders filter;
  for (const char* cursor : {"x", "~", "01a20d45-6f88-7000-9d3a-2dcfa322a63Z", "01A20D45-6F88-7000-9D3A-2DCFA322A635"}) {
    filter.cursor = cursor;
    CHECK(shop.orders().call(Shop::admin(), filter).error().code == "order.bad_cursor");
  }
  filter.cursor = "01a20d45-6f88-7000-9d3a-2dcfa322a635";
  CHECK(shop.orders().call(Shop::admin(), filter).has_value());
}
