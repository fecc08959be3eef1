#include "resilience/pause.hpp"

#include <chrono>
#include <thread>

namespace seamline::resilience {
namespace {

class Sleep final : public Pause {
 public:
  void pause(std::int64_t duration_ms) override { std::this_thread::sleep_for(std::chrono::milliseconds(duration_ms)); }
};

}  // namespace

Pause& Pause::system() {
  static Sleep sleep;
  return sleep;
}

}  // namespace seamline::resilience
