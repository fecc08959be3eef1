#include "base/assert.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/fault.hpp"

namespace seamline {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "%s:%d: assumption broken: %s\n", file, line, condition);
  std::abort();
}

void stop_process(const char* what_happened, const char* what_to_do) {
#ifdef SEAMLINE_FAULTS
  fault::stopping(what_happened);
#endif
  std::fprintf(stderr, "seamline stops: %s. %s\n", what_happened, what_to_do);
  std::fflush(stderr);
  ::_exit(1);
}

}  // namespace seamline
