#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "support/client_attempt.hpp"

namespace seamline::simulation {

/// What the clients saw: each attempt to make an order, as the audit reads it (app/audit/README.md).
class History {
 public:
  using Attempt = test::ClientAttempt;

  void add(Attempt attempt) { attempts_.push_back(std::move(attempt)); }
  const std::vector<Attempt>& attempts() const { return attempts_; }
  /// Something that a client saw and that must not be.
  void complain(const std::string& what) { complaints_ += what + "\n"; }
  const std::string& complaints() const { return complaints_; }

  /// The file that `seamline audit --history` reads.
  std::string as_lines() const {
    std::string lines;
    std::int64_t number = 0;
    for (const Attempt& attempt : attempts_) lines += test::line_of(++number, attempt);
    return lines;
  }

 private:
  std::vector<Attempt> attempts_;
  std::string complaints_;
};

}  // namespace seamline::simulation
