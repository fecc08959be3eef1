#include "base/completion.hpp"

#include <thread>
#include <vector>

#include "support/catch.hpp"

using namespace seamline;

TEST_CASE("a completion ends its wait when the last part is done, and shows what was written before") {
  for (int round = 0; round < 200; ++round) {
    Completion completion(3);
    std::vector<int> written(3, 0);
    std::vector<std::thread> threads;
    for (std::size_t part = 0; part < 3; ++part) {
      threads.emplace_back([&completion, &written, part] {
        written[part] = 1;
        completion.finish_one();
      });
    }
    completion.wait();
    CHECK(written == std::vector<int>{1, 1, 1});
    for (auto& thread : threads) thread.join();
  }
}

TEST_CASE("a completion may be destroyed as soon as its wait has ended") {
  constexpr int rounds = 5'000;
  std::atomic<Completion*> handed_over{nullptr};
  std::thread finisher([&] {
    for (int round = 0; round < rounds; ++round) {
      Completion* completion = nullptr;
      while ((completion = handed_over.exchange(nullptr)) == nullptr) std::this_thread::yield();
      completion->finish_one();
    }
  });
  int done = 0;
  for (int round = 0; round < rounds; ++round) {
    Completion completion;
    CHECK(!completion.is_done());
    handed_over.store(&completion);
    completion.wait();
    ++done;
  }
  finisher.join();
  CHECK(done == rounds);
}
