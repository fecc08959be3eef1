#include "base/money.hpp"

#include "support/catch.hpp"

using namespace seamline;

__extension__ typedef __int128 Wide;

TEST_CASE("sums and products at the edges of 64 bits are right or refused") {
  CHECK(checked_add(INT64_MAX, 0) == INT64_MAX);
  CHECK(checked_add(INT64_MAX - 1, 1) == INT64_MAX);
  CHECK_FALSE(checked_add(INT64_MAX, 1).has_value());
  CHECK(checked_add(INT64_MIN, INT64_MAX) == -1);
  CHECK_FALSE(checked_add(INT64_MIN, -1).has_value());
  CHECK(checked_multiply(std::int64_t{1} << 31, (std::int64_t{1} << 32) - 1) == INT64_MAX - (std::int64_t{1} << 31) + 1);
  CHECK_FALSE(checked_multiply(std::int64_t{1} << 31, std::int64_t{1} << 32).has_value());
  CHECK(checked_multiply(-(std::int64_t{1} << 31), std::int64_t{1} << 32) == INT64_MIN);
  CHECK_FALSE(checked_multiply(INT64_MIN, -1).has_value());
  CHECK(checked_multiply(std::int64_t{1} << 53, 3) == (std::int64_t{3} << 53));
  CHECK(checked_multiply(INT64_MAX, 0) == 0);
}

TEST_CASE("the largest price times the largest quantity of a line is refused no sooner than the 64 bits end") {
  CHECK(checked_multiply(max_amount_minor, 1000) == max_amount_minor * 1000);
  CHECK_FALSE(checked_multiply(max_amount_minor, 10'000'000).has_value());
}

TEST_CASE("a checked sum or product equals the one of 128 bits, and is refused exactly where that does not fit") {
  rc::prop("add", [](std::int64_t a, std::int64_t b) {
    const Wide sum = static_cast<Wide>(a) + b;
    const bool fits = sum >= INT64_MIN && sum <= INT64_MAX;
    RC_ASSERT(checked_add(a, b).has_value() == fits);
    if (fits) RC_ASSERT(*checked_add(a, b) == static_cast<std::int64_t>(sum));
  });
  rc::prop("multiply", [] {
    // Small factors beside large ones, or hardly any product would fit.
    const auto a = *rc::gen::arbitrary<std::int64_t>() >> *rc::gen::inRange(0, 63);
    const auto b = *rc::gen::arbitrary<std::int64_t>() >> *rc::gen::inRange(0, 63);
    const Wide product = static_cast<Wide>(a) * b;
    const bool fits = product >= INT64_MIN && product <= INT64_MAX;
    RC_ASSERT(checked_multiply(a, b).has_value() == fits);
    if (fits) RC_ASSERT(*checked_multiply(a, b) == static_cast<std::int64_t>(product));
  });
}
