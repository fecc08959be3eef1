#pragma once

namespace seamline {

/// Prints the broken assumption with its place and aborts. Thread-safe; never returns.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

/// Stops the process when it cannot keep its promise any more (a failed fsync, a full disk): prints what happened and
/// what to do, and exits with status 1 at once, without unwinding, so that nothing is answered after it.
[[noreturn]] void stop_process(const char* what_happened, const char* what_to_do);

}  // namespace seamline

/// States what the code takes for granted. Always on: a broken assumption ends the process before it writes on.
/// For programmer errors only; input never meets an assertion.
#define SEAMLINE_ASSERT(condition) \
  (static_cast<bool>(condition) ? void(0) : ::seamline::assertion_failed(#condition, __FILE__, __LINE__))
