#pragma once

#include <stdexcept>
#include <string>

namespace seamline {

/// Something outside this program failed: a disk, a server. Whoever ends the exception can tell its caller whether to come again.
class OutsideFailure : public std::runtime_error {
 public:
  OutsideFailure(const std::string& what, bool passes) : std::runtime_error(what), passes_(passes) {}
  /// Whether the same may succeed another time.
  bool passes() const { return passes_; }

 private:
  bool passes_;
};

}  // namespace seamline
