#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "audit/invariants.hpp"

namespace seamline::audit {

/// What became of each invariant so far: how many rows were held against it, and which broke it. Not thread-safe; what two
/// threads found is merged.
class Findings {
 public:
  static constexpr std::size_t max_examples = 20;

  struct Count {
    std::int64_t examined = 0;
    std::int64_t violations = 0;
    std::vector<std::string> examples;
  };

  void examined(Code code, std::int64_t rows = 1) { counts_[code.index()].examined += rows; }

  /// `example` says which row, and what is wrong with it.
  void violated(Code code, std::string example) {
    Count& count = counts_[code.index()];
    ++count.violations;
    if (count.examples.size() < max_examples) count.examples.push_back(std::move(example));
  }

  /// One row that either holds or does not; `example` is a function that is only called in the second case.
  template <class Example>
  void examine(Code code, bool holds, const Example& example) {
    examined(code);
    if (!holds) violated(code, example());
  }

  bool is_violated(Code code) const { return counts_[code.index()].violations > 0; }
  const Count& of(std::size_t invariant) const { return counts_.at(invariant); }

  void merge(const Findings& other) {
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      counts_[i].examined += other.counts_[i].examined;
      counts_[i].violations += other.counts_[i].violations;
      for (const std::string& example : other.counts_[i].examples) {
        if (counts_[i].examples.size() < max_examples) counts_[i].examples.push_back(example);
      }
    }
  }

 private:
  std::array<Count, invariants.size()> counts_{};
};

}  // namespace seamline::audit
