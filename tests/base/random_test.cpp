#include "base/random.hpp"

#include <array>
#include <set>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace seamline;

TEST_CASE("seeded numbers repeat with the seed and differ without it") {
  SeededRandom one(7);
  SeededRandom same(7);
  SeededRandom other(8);
  std::vector<std::uint64_t> first;
  for (int i = 0; i < 10; ++i) first.push_back(one.next_u64());
  std::vector<std::uint64_t> again;
  for (int i = 0; i < 10; ++i) again.push_back(same.next_u64());
  CHECK(first == again);
  CHECK(other.next_u64() != first[0]);
}

TEST_CASE("SplitMix64 gives the numbers of its reference implementation") {
  SeededRandom random(1234567);
  CHECK(random.next_u64() == 6457827717110365317ULL);
  CHECK(random.next_u64() == 3203168211198807973ULL);
}

TEST_CASE("below() stays below its bound and reaches every number under it") {
  SeededRandom random(1);
  std::set<std::uint64_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  CHECK(seen == std::set<std::uint64_t>{0, 1, 2, 3, 4, 5, 6});
  for (int i = 0; i < 10; ++i) CHECK(random.below(1) == 0);
}

TEST_CASE("the system's numbers fill any length, over more than one block, without repeating") {
  std::vector<std::byte> much(10'000);
  Random::system().fill(much);
  std::set<std::uint64_t> words;
  for (int i = 0; i < 2000; ++i) words.insert(Random::system().next_u64());
  CHECK(words.size() == 2000);
  int zeros = 0;
  for (const std::byte byte : much) zeros += byte == std::byte{0} ? 1 : 0;
  CHECK(zeros < 200);
}

TEST_CASE("threads that draw from the system at once get different numbers") {
  std::vector<std::vector<std::uint64_t>> drawn(4);
  std::vector<std::thread> threads;
  for (auto& mine : drawn) {
    threads.emplace_back([&mine] {
      for (int i = 0; i < 2000; ++i) mine.push_back(Random::system().next_u64());
    });
  }
  for (auto& thread : threads) thread.join();
  std::set<std::uint64_t> all;
  for (const auto& mine : drawn) all.insert(mine.begin(), mine.end());
  CHECK(all.size() == 8000);
}
