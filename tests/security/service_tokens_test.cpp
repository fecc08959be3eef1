#include "security/service_tokens.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/manual_clock.hpp"
#include "support/poll.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {

/// Tokens "<audience>-1", "<audience>-2", … in the order in which they were fetched.
struct World {
  test::ManualClock clock;
  std::atomic<int> fetched{0};
  std::atomic<bool> issuer_is_away{false};
  std::int64_t life_s = 300;
  /// Called while the source is asked.
  std::function<void()> meanwhile = [] {};
  ServiceTokens tokens{[this](std::string_view audience) { return fetch(audience); }, clock};

  Result<ServiceToken> fetch(std::string_view audience) {
    const int number = ++fetched;
    meanwhile();
    if (issuer_is_away) return fail(ErrorCode{"call.unavailable", Kind::unavailable}, "user is away");
    return ServiceToken{std::string(audience) + "-" + std::to_string(number), life_s};
  }
  std::string token() { return tokens.token_for("order").value(); }
};

}  // namespace

TEST_CASE("a token is fetched when it is first needed, and one for each audience") {
  World world;
  CHECK(world.fetched == 0);
  for (int i = 0; i < 5; ++i) CHECK(world.token() == "order-1");
  CHECK(world.tokens.token_for("payment").value() == "payment-2");
  CHECK(world.token() == "order-1");
  CHECK(world.fetched == 2);
}

TEST_CASE("a token is renewed after two thirds of its life") {
  World world;
  CHECK(world.token() == "order-1");
  world.clock.advance_ms(199'999);
  CHECK(world.token() == "order-1");
  world.clock.advance_ms(1);
  CHECK(world.token() == "order-2");
}

TEST_CASE("a slow answer makes a token's life shorter, not longer") {
  World world;
  world.meanwhile = [&] { world.clock.advance_ms(150'000); };
  CHECK(world.token() == "order-1");
  world.meanwhile = [] {};
  world.clock.advance_ms(50'000);
  CHECK(world.token() == "order-2");
}

TEST_CASE("an issuer that is away does no harm while the last token is valid, and is asked once a second") {
  World world;
  CHECK(world.token() == "order-1");
  world.issuer_is_away = true;
  world.clock.advance_ms(200'000);
  for (int i = 0; i < 10; ++i) CHECK(world.token() == "order-1");
  CHECK(world.fetched == 2);
  world.clock.advance_ms(99'999);
  CHECK(world.token() == "order-1");
  CHECK(world.fetched == 3);
  world.clock.advance_ms(1);
  CHECK_FALSE(world.tokens.token_for("order").has_value());
  world.issuer_is_away = false;
  world.clock.advance_ms(1'000);
  CHECK(world.token() == "order-4");
}

TEST_CASE("a failure is kept for a second, and says what the issuer said, when to repeat, and that nothing ran") {
  World world;
  world.issuer_is_away = true;
  for (int i = 0; i < 10; ++i) {
    const auto token = world.tokens.token_for("order");
    REQUIRE_FALSE(token.has_value());
    CHECK(token.error().code == "request.no_service_token");
    CHECK(token.error().kind == Kind::unavailable);
    CHECK(token.error().detail.find("user is away") != std::string::npos);
    CHECK(token.error().retryable);
    CHECK(token.error().retry_after_ms == 1'000);
    CHECK_FALSE(token.error().may_have_run);
  }
  CHECK(world.fetched == 1);
  world.issuer_is_away = false;
  world.clock.advance_ms(999);
  CHECK_FALSE(world.tokens.token_for("order").has_value());
  world.clock.advance_ms(1);
  CHECK(world.token() == "order-2");
}

TEST_CASE("an answer without a life is no token, and a boundless life is bounded") {
  World world;
  for (const std::int64_t wrong : {std::int64_t{0}, std::int64_t{-1}, INT64_MIN}) {
    world.life_s = wrong;
    CHECK_FALSE(world.tokens.token_for("order").has_value());
    world.clock.advance_ms(1'000);
  }
  world.life_s = INT64_MAX;
  const std::string token = world.token();
  world.clock.advance_ms(2'399'999);
  CHECK(world.token() == token);
  world.clock.advance_ms(1);
  CHECK(world.token() != token);
}

TEST_CASE("a token that was refused is not given out again, but a new one is not asked for more than once a second") {
  World world;
  CHECK(world.token() == "order-1");
  world.tokens.refused("order", "order-1");
  CHECK(world.token() == "order-1");
  world.clock.advance_ms(1'000);
  world.tokens.refused("order", "another");
  world.tokens.refused("payment", "order-1");
  CHECK(world.token() == "order-1");
  world.tokens.refused("order", "order-1");
  CHECK(world.token() == "order-2");
  world.tokens.refused("order", "order-2");
  CHECK(world.token() == "order-2");
}

TEST_CASE("the number of audiences is bounded") {
  World world;
  for (std::size_t i = 0; i < ServiceTokens::max_audiences; ++i) {
    CHECK(world.tokens.token_for("service" + std::to_string(i)).has_value());
  }
  CHECK(world.tokens.token_for("one more").error().code == "request.no_service_token");
  CHECK(world.tokens.token_for("service0").has_value());
}

TEST_CASE("eight threads that need a token at once cause one fetch") {
  World world;
  std::atomic<int> begun{0};
  // The fetch ends only when all have begun, so that all of them find no token.
  world.meanwhile = [&] { test::poll_until([&] { return begun == 8; }); };
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&] {
      ++begun;
      for (int i = 0; i < 100; ++i) {
        const auto token = world.tokens.token_for("order");
        if (!token || *token != "order-1") ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
  CHECK(world.fetched == 1);
}

TEST_CASE("while one thread renews, the others go on with the old token, without waiting") {
  World world;
  CHECK(world.token() == "order-1");
  world.clock.advance_ms(200'000);
  std::atomic<int> served{0};
  world.meanwhile = [&] { test::poll_until([&] { return served == 700; }); };
  Result<std::string> renewed;
  std::thread renewing([&] { renewed = world.tokens.token_for("order"); });
  test::poll_until([&] { return world.fetched == 2; });
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 7; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 100; ++i, ++served) {
        const auto token = world.tokens.token_for("order");
        if (!token || *token != "order-1") ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  renewing.join();
  CHECK(renewed.value() == "order-2");
  CHECK(wrong == 0);
  CHECK(world.fetched == 2);
}

TEST_CASE("at any moment a token that is given out is valid, whatever the issuer does") {
  rc::prop("steps of time, with the issuer there or away", [] {
    World world;
    Instant ends_at{};
    for (int step = 0; step < 50; ++step) {
      world.clock.advance_ms(*rc::gen::inRange(0, 150'000));
      world.issuer_is_away = *rc::gen::arbitrary<bool>();
      const int before = world.fetched;
      const auto token = world.tokens.token_for("order");
      RC_ASSERT(world.fetched - before <= 1);
      if (world.fetched > before && !world.issuer_is_away) ends_at = world.clock.monotonic().plus_ms(300'000);
      RC_ASSERT(token.has_value() == (world.clock.monotonic() < ends_at));
    }
  });
}
