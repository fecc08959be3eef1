#pragma once

#include <functional>

namespace seamline::mistakes {

/// Kills the process before the commit of the n-th order that is placed while it lives. Waits there until `has_answer`, for a
/// moment at most: a customer who gets an answer before the commit shall have it.
class KillBeforeCommit {
 public:
  KillBeforeCommit(int order, std::function<bool()> has_answer);
  ~KillBeforeCommit();
  KillBeforeCommit(const KillBeforeCommit&) = delete;
  KillBeforeCommit& operator=(const KillBeforeCommit&) = delete;
};

}  // namespace seamline::mistakes
