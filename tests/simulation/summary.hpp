#pragma once

#include <string>

#include "run.hpp"

namespace seamline::simulation {

/// What many runs were together.
class Summary {
 public:
  void add(const RunResult& result);
  /// Figures, and what was broken how often; `seconds` is how long it took.
  std::string text(double seconds) const;

 private:
  std::int64_t runs_ = 0;
  std::int64_t failed_ = 0;
  RunResult sum_;
};

}  // namespace seamline::simulation
