#include "base/fault.hpp"
#include "support/catch.hpp"
#include "support/shop.hpp"
#include "support/simulated_disk.hpp"

using namespace seamline;
using namespace seamline::test;

namespace {

constexpr int busy = 5;  // SQLITE_BUSY

/// Thrown where the process would stop.
struct Stopped {
  std::string what_happened;
};

class StopsByThrowing {
 public:
  StopsByThrowing() {
    fault::observe_stop([](const char* what_happened) { throw Stopped{what_happened}; });
  }
  ~StopsByThrowing() { fault::observe_stop({}); }
  StopsByThrowing(const StopsByThrowing&) = delete;
  StopsByThrowing& operator=(const StopsByThrowing&) = delete;
};

/// The n-th opening of a file whose path ends so fails.
void fail_opening(SimulatedDisk& disk, const std::string& end, int nth) {
  auto left = std::make_shared<int>(nth);
  disk.observe([&disk, end, left](DiskOperation operation, std::string_view path) {
    if (operation != DiskOperation::open || !path.ends_with(end) || --*left != 0) return;
    disk.inject({{DiskOperation::open}, 1, false, 0, false, ""});
  });
}

/// What a shop says that does not open.
std::string refusal() {
  try {
    const Shop shop;
    return "";
  } catch (const store::StorageError& problem) {
    return std::string("an exception of the store: ") + problem.what();
  } catch (const std::runtime_error& problem) {
    return problem.what();
  } catch (const Stopped& stopped) {
    return "stopped: " + stopped.what_happened;
  }
}

}  // namespace

TEST_CASE("a module that cannot read its store when it starts is refused, and the refusal says which and why") {
  SimulatedDisk disk;
  // The first one that opens it is its writer, the second a reader.
  fail_opening(disk, "/user/0.db", 2);
  const std::string said = refusal();
  CHECK(said.find("The module user cannot start, its store cannot be read: ") == 0);
  CHECK(said.find("unable to open database file") != std::string::npos);
}

TEST_CASE("a process that cannot read its cursors when it starts stops, and says so") {
  SimulatedDisk disk;
  const StopsByThrowing stops;
  fail_opening(disk, "/inventory/0.db", 2);
  const std::string said = refusal();
  CHECK(said.find("stopped: the cursors in the store of module inventory cannot be read: ") == 0);
}

TEST_CASE("loops whose stores cannot be read for a while go on when they can, and every order ends") {
  SimulatedDisk disk;
  const TemporaryFolder folder;
  ShopOptions options;
  options.data_dir = folder.path();
  Shop shop(options);
  const auto user = shop.add_user();
  shop.add_product("p1", 9);
  const auto order = shop.place(user, {{{"p1"}, 1}}, "tok_timeout");
  // Readers and writers alike find everything locked: a failure that passes.
  disk.inject({{DiskOperation::lock}, 1, true, busy, false, ""});
  CHECK_NOTHROW(shop.settle());
  shop.clock.advance_ms(2'000);
  CHECK_NOTHROW(shop.settle());
  CHECK(disk.failed() > 0);
  disk.mend();
  for (int i = 0; i < 4; ++i) {
    shop.clock.advance_ms(2'000);
    shop.settle();
  }
  CHECK(shop.order(order.order_id).status == order::OrderStatus::confirmed);
}
