#pragma once

#include <array>

#include "audit/cut.hpp"
#include "audit/findings.hpp"

namespace seamline::audit {

/// K2, X2, X3, X6, X9, X10 and the keys of I1: what the stores say of themselves and of each other.
void examine_stores(Cut& cut, Findings& findings);

/// K1: quick_check of every store, over connections of its own.
void examine_soundness(const StoreFiles& files, Findings& findings);

/// How far each log goes in the cut, and the owner's epoch.
struct LogEnd {
  std::int64_t seq = 0;
  std::int64_t epoch = 0;
};
using LogEnds = std::array<LogEnd, owners.size()>;
LogEnds ends_of(Cut& cut);

/// X1 and X8: every entry of every log up to `ends`, over connections of its own. A log is only added to, so that this may run
/// beside whoever reads the cut.
void examine_logs(const StoreFiles& files, const LogEnds& ends, Findings& findings);

}  // namespace seamline::audit
