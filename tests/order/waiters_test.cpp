#include "order/application/waiters.hpp"

#include <optional>
#include <thread>

#include "support/catch.hpp"

using namespace seamline;
using order::Order;
using order::OrderStatus;
using order::Waiters;

namespace {

Order confirmed(const std::string& id) {
  Order ended;
  ended.order_id = {id};
  ended.status = OrderStatus::confirmed;
  return ended;
}

}  // namespace

TEST_CASE("who waits for an order gets it as it ended, also when it ends before the wait begins") {
  Waiters waiters(10);
  Waiters::Place early(waiters, "a");
  waiters.notify(confirmed("a"));
  CHECK(early.wait(0).value().status == OrderStatus::confirmed);

  Waiters::Place patient(waiters, "b");
  std::thread ender([&] { waiters.notify(confirmed("b")); });
  CHECK(patient.wait(10'000).value().order_id.text == "b");
  ender.join();
}

TEST_CASE("all who wait for one order are woken, and nobody else") {
  Waiters waiters(10);
  Waiters::Place one(waiters, "a");
  Waiters::Place two(waiters, "a");
  Waiters::Place other(waiters, "b");
  waiters.notify(confirmed("a"));
  CHECK(one.wait(0).has_value());
  CHECK(two.wait(0).has_value());
  CHECK(!other.wait(0));
}

TEST_CASE("an order is awaited as long as somebody has a place") {
  Waiters waiters(10);
  CHECK(!waiters.is_awaited("a"));
  {
    const Waiters::Place place(waiters, "a");
    CHECK(place.is_held());
    CHECK(waiters.is_awaited("a"));
    CHECK(!waiters.is_awaited("b"));
  }
  CHECK(!waiters.is_awaited("a"));
}

TEST_CASE("where all places are taken a further caller does not wait") {
  Waiters waiters(1);
  std::optional<Waiters::Place> first(std::in_place, waiters, "a");
  Waiters::Place second(waiters, "b");
  CHECK(!second.is_held());
  waiters.notify(confirmed("b"));
  CHECK(!second.wait(10'000));
  first.reset();
  CHECK(Waiters::Place(waiters, "c").is_held());
}
