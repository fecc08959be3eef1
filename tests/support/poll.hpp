#pragma once

#include <chrono>
#include <thread>

namespace seamline::test {

/// Waits until `done()` holds, asking every 2 ms, for at most 10 s or as often as said. Returns whether it came true.
template <class Done>
bool poll_until(Done done, int times = 5'000) {
  for (int i = 0; i < times; ++i) {
    if (done()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

}  // namespace seamline::test
