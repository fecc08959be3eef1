#include "observe/histogram.hpp"

#include <algorithm>
#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace seamline;
using observe::LatencyHistogram;

TEST_CASE("an empty histogram has nothing") {
  const LatencyHistogram histogram;
  CHECK(histogram.count() == 0);
  CHECK(histogram.sum_ns() == 0);
  CHECK(histogram.quantile_ns(0.99) == 0);
}

TEST_CASE("small durations are exact, and a quantile is the smallest that enough of them do not exceed") {
  LatencyHistogram histogram;
  for (const int ns : {1, 2, 3}) histogram.record(ns);
  CHECK(histogram.quantile_ns(0) == 1);
  CHECK(histogram.quantile_ns(0.33) == 1);
  CHECK(histogram.quantile_ns(0.5) == 2);
  CHECK(histogram.quantile_ns(0.67) == 3);
  CHECK(histogram.quantile_ns(1) == 3);
  CHECK(histogram.sum_ns() == 6);
}

TEST_CASE("one slow call in ten shows in the 99th percentile") {
  LatencyHistogram histogram;
  for (int i = 0; i < 9; ++i) histogram.record(1000);
  histogram.record(1'000'000);
  CHECK(histogram.quantile_ns(0.9) < 1300);
  CHECK(histogram.quantile_ns(0.99) >= 1'000'000);
}

TEST_CASE("durations below zero and beyond the last bucket are counted") {
  LatencyHistogram histogram;
  histogram.record(-5);
  histogram.record(INT64_MAX / 4);
  CHECK(histogram.count() == 2);
  CHECK(histogram.quantile_ns(0.5) == 0);
  CHECK(histogram.quantile_ns(1) >= (std::int64_t{1} << 40));
}

TEST_CASE("a quantile is never below the true one, and at most a quarter above it") {
  rc::prop("bound", [] {
    auto durations = *rc::gen::nonEmpty(rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::map(rc::gen::pair(rc::gen::inRange<std::int64_t>(0, std::int64_t{1} << 40), rc::gen::inRange(0, 40)),
                     [](const std::pair<std::int64_t, int>& drawn) { return drawn.first >> drawn.second; })));
    LatencyHistogram histogram;
    for (const std::int64_t ns : durations) histogram.record(ns);
    std::sort(durations.begin(), durations.end());
    for (const int percent : {1, 25, 50, 90, 99, 100}) {
      const std::size_t rank = std::max<std::size_t>(1, (durations.size() * static_cast<std::size_t>(percent) + 99) / 100);
      const std::int64_t exact = durations[rank - 1];
      // A hair below the whole percent, so that rounding of the product does not decide about the rank.
      const std::int64_t found = histogram.quantile_ns(percent / 100.0 - 1e-9);
      RC_ASSERT(found >= exact);
      RC_ASSERT(found <= exact + exact / 4);
    }
  });
}

TEST_CASE("threads that record at once lose nothing") {
  LatencyHistogram histogram;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 5000; ++n) histogram.record(100);
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(histogram.count() == 20'000);
  CHECK(histogram.sum_ns() == 2'000'000);
}
