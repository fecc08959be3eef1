#pragma once

#include <memory>
#include <string>

namespace seamline::audit {

class Database;
struct Source;

/// A store on a server, which is copied into tables of the auditor's own: all that the checks read is there, of one moment. Not
/// thread-safe. Throws ReadError, which never shows a password.
class Origin {
 public:
  virtual ~Origin() = default;

  /// Fixes the moment, or another one. At least ownership, cursors, receipts, `applied` and the last entry of the log are of it.
  virtual void begin(Database& copy) = 0;
  /// Copies whatever is missing, of the same moment.
  virtual void complete(Database& copy) = 0;
  /// Why the store is not sound, as far as that showed in complete(); empty where it is.
  virtual std::string unsoundness() const = 0;
};

/// Each connects. There where the program was built with that server. Throws ReadError.
std::unique_ptr<Origin> open_postgres(const Source& source);
std::unique_ptr<Origin> open_mongodb(const Source& source);

}  // namespace seamline::audit
