#pragma once

#include <array>

#include "audit/cut.hpp"
#include "audit/findings.hpp"

namespace seamline::audit {

/// K2, X2, X3, X6, X9, X10 and the keys of I1: what the stores say of themselves and of each other.
void examine_stores(Cut& cut, Findings& findings);

/// K1 of every store, over connections of its own.
void examine_soundness(const Stores& stores, Findings& findings);

/// How far each log goes in the cut, and the owner's epoch.
struct LogEnd {
  std::int64_t seq = 0;
  std::int64_t epoch = 0;
};
using LogEnds = std::array<LogEnd, owners.size()>;
LogEnds ends_of(Cut& cut);

/// K1, X1 and X8 of the stores in files: every entry of their logs up to `ends`, over connections of its own. A log is only added
/// to, so that this may run beside whoever reads the cut.
void examine_files(const Stores& stores, const LogEnds& ends, Findings& findings);
/// The same of the stores that the cut has copies of.
void examine_copies(Cut& cut, const LogEnds& ends, Findings& findings);

}  // namespace seamline::audit
