#pragma once

namespace seamline {

/// Whether this thread runs a command inside a transaction. No port may be called there: the writer would wait for another
/// module while it holds its own. Seams assert it.
inline thread_local bool inside_transaction = false;

}  // namespace seamline
