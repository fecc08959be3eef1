#pragma once

#include "audit/dossier.hpp"
#include "audit/findings.hpp"

namespace seamline::audit {

/// G1 to G6 of one order: whether order, payment and inventory agree on what became of it.
void examine_saga(const Dossier& order, Findings& findings);

}  // namespace seamline::audit
