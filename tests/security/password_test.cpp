#include "security/password.hpp"

#include <argon2.h>

#include <atomic>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace seamline;
using namespace seamline::security;

namespace {
constexpr PasswordCost cheap{7'168, 1};
}

TEST_CASE("a password verifies against its own hash alone, and no two hashes are equal") {
  PasswordHasher hasher(Random::system(), cheap, {});
  const std::string hash = hasher.hash("correct horse").value();
  CHECK(hash.starts_with("$argon2id$v=19$m=7168,t=1,p=1$"));
  CHECK(hasher.verify("correct horse", hash).value());
  CHECK_FALSE(hasher.verify("correct horse ", hash).value());
  CHECK_FALSE(hasher.verify("", hash).value());
  CHECK(hasher.hash("correct horse").value() != hash);
}

TEST_CASE("the end of a long password counts") {
  PasswordHasher hasher(Random::system(), cheap, {});
  const std::string stem(127, 'x');
  const std::string hash = hasher.hash(stem + "a").value();
  CHECK(hasher.verify(stem + "a", hash).value());
  CHECK_FALSE(hasher.verify(stem + "b", hash).value());
}

TEST_CASE("the decoy costs what a real hash costs, and no password has it") {
  PasswordHasher hasher(Random::system(), cheap, {});
  const std::string decoy = hasher.decoy();
  CHECK(decoy.size() == hasher.hash("x").value().size());
  CHECK_FALSE(hasher.is_outdated(decoy));
  // A decoy that argon2 could not read would be refused at once, and the time would tell.
  CHECK(argon2id_verify(decoy.c_str(), "x", 1) == ARGON2_VERIFY_MISMATCH);
}

TEST_CASE("a hash of another cost is outdated") {
  PasswordHasher old_hasher(Random::system(), cheap, {});
  PasswordHasher new_hasher(Random::system(), {7'168, 2}, {});
  const std::string hash = old_hasher.hash("correct horse").value();
  CHECK_FALSE(old_hasher.is_outdated(hash));
  CHECK(new_hasher.is_outdated(hash));
  CHECK(new_hasher.verify("correct horse", hash).value());
}

TEST_CASE("more passwords than may wait are refused at once, and those that wait are checked") {
  PasswordHasher hasher(Random::system(), cheap, {1, 1});
  std::atomic<int> done{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) {
        const auto hash = hasher.hash("correct horse");
        if (hash) {
          ++done;
        } else if (hash.error().code == "security.busy" && hash.error().retryable) {
          ++refused;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(done + refused == 40);
  CHECK(done > 0);
  CHECK(refused > 0);
}
