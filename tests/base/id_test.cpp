#include "base/id.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;

namespace {

/// The milliseconds in the first 48 bits.
std::int64_t ms_of(const std::string& id) { return std::stoll(id.substr(0, 8) + id.substr(9, 4), nullptr, 16); }

}  // namespace

TEST_CASE("a text is a UUID only in its one form") {
  IdSource ids(Clock::system(), Random::system());
  CHECK(is_uuid(ids.next()));
  CHECK(is_uuid("00000000-0000-0000-0000-000000000000"));
  for (const char* text :
       {"", "x", "00000000-0000-0000-0000-00000000000", "00000000-0000-0000-0000-0000000000000",
        "00000000000000000000000000000000----", "0000000A-0000-0000-0000-000000000000", "0000000g-0000-0000-0000-000000000000"}) {
    CHECK(!is_uuid(text));
  }
}

TEST_CASE("an id has the form of a UUIDv7 (RFC 9562, section 5.7)") {
  IdSource ids(Clock::system(), Random::system());
  for (int i = 0; i < 1000; ++i) {
    const std::string id = ids.next();
    REQUIRE(id.size() == 36);
    for (std::size_t at = 0; at < id.size(); ++at) {
      const bool is_dash = at == 8 || at == 13 || at == 18 || at == 23;
      REQUIRE((is_dash ? id[at] == '-' : std::string_view("0123456789abcdef").find(id[at]) != std::string_view::npos));
    }
    REQUIRE(id[14] == '7');
    REQUIRE(std::string_view("89ab").find(id[19]) != std::string_view::npos);
  }
}

TEST_CASE("an id begins with the clock's milliseconds") {
  test::ManualClock clock;
  IdSource ids(clock, Random::system());
  CHECK(ms_of(ids.next()) == clock.now().ms);
  clock.advance_ms(12'345);
  CHECK(ms_of(ids.next()) == clock.now().ms);
}

TEST_CASE("ids of one millisecond increase strictly, also past the counter's 4,096") {
  test::ManualClock clock;
  IdSource ids(clock, Random::system());
  std::string last = ids.next();
  for (int i = 0; i < 10'000; ++i) {
    std::string next = ids.next();
    REQUIRE(last < next);
    last = std::move(next);
  }
}

TEST_CASE("ids increase while the clock goes back") {
  test::ManualClock clock;
  IdSource ids(clock, Random::system());
  std::string last = ids.next();
  for (int i = 0; i < 9000; ++i) {
    clock.jump_calendar_ms(i % 2 == 0 ? -60'000 : 59'000);
    std::string next = ids.next();
    REQUIRE(last < next);
    last = std::move(next);
  }
}

TEST_CASE("each thread sees its ids increase, and no id is given twice") {
  IdSource ids(Clock::system(), Random::system());
  std::vector<std::vector<std::string>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&ids, &mine] {
      for (int i = 0; i < 5000; ++i) mine.push_back(ids.next());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::string> all;
  for (const auto& mine : drawn) {
    CHECK(std::is_sorted(mine.begin(), mine.end()));
    all.insert(mine.begin(), mine.end());
  }
  CHECK(all.size() == 20'000);
}

TEST_CASE("the random part is fresh for each id, so that one id does not give away the next") {
  test::ManualClock clock;
  IdSource ids(clock, Random::system());
  std::set<std::string> tails;
  for (int i = 0; i < 2000; ++i) tails.insert(ids.next().substr(19));
  CHECK(tails.size() == 2000);
}

TEST_CASE("ids of different kinds are different types, of one kind they compare and hash by their text") {
  static_assert(!std::is_same_v<Id<"user">, Id<"order">>);
  static_assert(!std::is_convertible_v<Id<"user">, Id<"order">>);
  static_assert(std::is_same_v<Id<"user">, Id<"user">>);
  CHECK(Id<"user">::kind == "user");
  CHECK(Id<"user">{"a"} < Id<"user">{"b"});
  CHECK(std::hash<Id<"user">>{}({"a"}) == std::hash<Id<"user">>{}({"a"}));
  CHECK(Id<"user">{}.empty());
}
