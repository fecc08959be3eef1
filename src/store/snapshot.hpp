#pragma once

#include "store/transaction.hpp"

namespace seamline::store {

/// A reader that is lent to one query at a time. Not thread-safe.
class Snapshot : public View {
 public:
  /// What is read from here on is of one moment, as far as the database can. Throws StorageError.
  virtual void begin() = 0;
  /// Throws StorageError; the reader is not used again then.
  virtual void end() = 0;
  /// Whether it is worth lending again.
  virtual bool is_usable() { return true; }
};

}  // namespace seamline::store
