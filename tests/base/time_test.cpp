#include "base/clock.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;

namespace {

constexpr std::int64_t first_ms = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr std::int64_t last_ms = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

}  // namespace

TEST_CASE("timestamps are written in UTC with milliseconds") {
  CHECK(format_timestamp({0}) == "1970-01-01T00:00:00.000Z");
  CHECK(format_timestamp({1'769'903'999'123}) == "2026-01-31T23:59:59.123Z");
  CHECK(format_timestamp({-1}) == "1969-12-31T23:59:59.999Z");
  CHECK(format_timestamp({951'782'400'000}) == "2000-02-29T00:00:00.000Z");
  CHECK(format_timestamp({first_ms}) == "0000-01-01T00:00:00.000Z");
  CHECK(format_timestamp({last_ms}) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("what is written is read back as the same moment") {
  rc::prop("round trip", [] {
    const Timestamp at{*rc::gen::inRange(first_ms, last_ms)};
    RC_ASSERT(parse_timestamp(format_timestamp(at)) == at);
  });
}

TEST_CASE("other forms of RFC 3339 are read: offsets, fewer and more digits, small letters, a leap second") {
  const auto at = parse_timestamp("2026-01-31T12:00:00Z");
  REQUIRE(at.has_value());
  CHECK(parse_timestamp("2026-01-31T14:30:00+02:30") == at);
  CHECK(parse_timestamp("2026-01-31T04:00:00-08:00") == at);
  CHECK(parse_timestamp("2026-01-31t12:00:00z") == at);
  CHECK(parse_timestamp("2026-01-31T12:00:00.0000000001Z") == at);
  CHECK(parse_timestamp("2026-01-31T12:00:00.5Z")->ms == at->ms + 500);
  CHECK(parse_timestamp("2026-01-31T12:00:00.123999Z")->ms == at->ms + 123);
  CHECK(parse_timestamp("2016-12-31T23:59:60Z") == parse_timestamp("2017-01-01T00:00:00Z"));
}

TEST_CASE("what is no date is refused") {
  for (const char* text : {"",
                           "2026",
                           "2026-01-31",
                           "2026-01-31T12:00:00",
                           "2026-01-31 12:00:00Z",
                           "2026-1-31T12:00:00Z",
                           "2026-13-01T00:00:00Z",
                           "2026-00-01T00:00:00Z",
                           "2026-02-29T00:00:00Z",
                           "2026-04-31T00:00:00Z",
                           "2026-01-00T00:00:00Z",
                           "2026-01-31T24:00:00Z",
                           "2026-01-31T12:60:00Z",
                           "2026-01-31T12:00:61Z",
                           "2026-01-31T12:00:00.Z",
                           "2026-01-31T12:00:00+2:00",
                           "2026-01-31T12:00:00+24:00",
                           "2026-01-31T12:00:00+02",
                           "2026-01-31T12:00:00ZZ",
                           "2026-01-31T12:00:00Z ",
                           " 2026-01-31T12:00:00Z",
                           "+026-01-31T12:00:00Z",
                           "12026-01-31T12:00:00Z",
                           "2026-01-31T12:00:00.123",
                           "2026-01-31T-1:00:00Z"}) {
    INFO(text);
    CHECK_FALSE(parse_timestamp(text).has_value());
  }
}

TEST_CASE("an offset that carries a date out of the years of four digits is refused, since no text could give it back") {
  CHECK_FALSE(parse_timestamp("0000-01-01T00:00:00+00:01").has_value());
  CHECK_FALSE(parse_timestamp("9999-12-31T23:59:59-00:01").has_value());
  CHECK_FALSE(parse_timestamp("9999-12-31T23:59:60Z").has_value());
  CHECK(parse_timestamp("0000-01-01T00:01:00+00:01").has_value());
}

TEST_CASE("any text at all is read or refused") {
  rc::prop("hostile text", [](const std::string& text) {
    const auto at = parse_timestamp(text);
    RC_ASSERT(!at.has_value() || parse_timestamp(format_timestamp(*at)) == at);
  });
}

TEST_CASE("a deadline so far away that it cannot be counted is never") {
  CHECK(Instant{0}.plus_ms(5) == Instant{5'000'000});
  CHECK(Instant{10'000'000}.plus_ms(-5) == Instant{5'000'000});
  CHECK(Instant{1}.plus_ms(INT64_MAX) == Instant::never());
  CHECK(Instant::never().plus_ms(1) == Instant::never());
  CHECK(Instant{INT64_MAX - 1}.plus_ms(1) == Instant::never());
  CHECK(Instant{1'000'000}.ms_until({6'000'000}) == 5);
  CHECK(Instant{6'000'000}.ms_until({1'000'000}) == -5);
}

TEST_CASE("the system's monotonic clock does not go back") {
  Instant last = Clock::system().monotonic();
  for (int i = 0; i < 1000; ++i) {
    const Instant now = Clock::system().monotonic();
    REQUIRE(now >= last);
    last = now;
  }
  CHECK(Clock::system().now().ms > 1'700'000'000'000);
}
