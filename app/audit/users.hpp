#pragma once

#include "audit/cut.hpp"
#include "audit/findings.hpp"

namespace seamline::audit {

/// U1 to U3: the users, and what user's log announces of them.
void examine_users(Cut& cut, Findings& findings);

}  // namespace seamline::audit
