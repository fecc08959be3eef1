#include "registry/duration.hpp"

#include "support/catch.hpp"

using seamline::registry::read_duration_ms;
using seamline::registry::write_duration_ms;

TEST_CASE("durations are read as Go writes them, in milliseconds") {
  CHECK(read_duration_ms("10s") == 10'000);
  CHECK(read_duration_ms("1m30s") == 90'000);
  CHECK(read_duration_ms("1h0m0.5s") == 3'600'500);
  CHECK(read_duration_ms("300ms") == 300);
  CHECK(read_duration_ms("1.5h") == 5'400'000);
  CHECK(read_duration_ms(".5s") == 500);
  CHECK(read_duration_ms("0") == 0);
  CHECK(read_duration_ms("0s") == 0);
}

TEST_CASE("a duration below a millisecond is one, and not none") {
  CHECK(read_duration_ms("1ns") == 1);
  CHECK(read_duration_ms("1500us") == 2);
  CHECK(read_duration_ms("1500\xC2\xB5s") == 2);
}

TEST_CASE("what is no duration is told from one") {
  for (const char* text : {"", "10", "s", "10x", "-1s", "1s2", "1..5s", ".s", "10 s", "1e3s", "999999999999h",
                           "1111111111111111111111111111111111111111111111111111111111111111111s"}) {
    INFO(text);
    CHECK(!read_duration_ms(text));
  }
}

TEST_CASE("a written duration reads as itself") {
  for (const std::int64_t ms : {0LL, 1LL, 1'500LL, 600'000LL}) CHECK(read_duration_ms(write_duration_ms(ms)) == ms);
}
