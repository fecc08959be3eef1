#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>

#include "support/simulated_files.hpp"

namespace seamline::test {

class SimulatedVfs;

/// A file that SQLite has open on a SimulatedDisk.
class SimulatedHandle {
 public:
  /// What SQLite allocates for it.
  struct Slot {
    sqlite3_file base;
    SimulatedHandle* handle;
  };

  /// `name` and `folder` are null for a temporary file.
  static void open_in(sqlite3_file* slot, SimulatedVfs& vfs, const char* name, std::shared_ptr<SimulatedFolder> folder,
                      std::shared_ptr<SimulatedFile> file, int flags);
  ~SimulatedHandle();
  SimulatedHandle(const SimulatedHandle&) = delete;
  SimulatedHandle& operator=(const SimulatedHandle&) = delete;

  // The methods of sqlite3_io_methods, which SQLite documents.
  int read(void* into, int length, sqlite3_int64 offset);
  int write(const void* from, int length, sqlite3_int64 offset);
  int truncate(sqlite3_int64 size);
  int sync();
  int size(sqlite3_int64* size);
  int lock(int level);
  int unlock(int level);
  int check_reserved(int* result) const;
  int control(int operation, void* argument) const;
  int map(int region, int region_bytes, int may_extend, void volatile** at);
  int lock_slots(int first, int count, int flags);
  int unmap();

 private:
  SimulatedHandle(SimulatedVfs& vfs, const char* name, std::shared_ptr<SimulatedFolder> folder,
                  std::shared_ptr<SimulatedFile> file, int flags);
  bool is_detached() const { return folder_ && folder_->is_detached; }

  SimulatedVfs& vfs_;
  const std::string path_;
  const std::shared_ptr<SimulatedFolder> folder_;
  const std::shared_ptr<SimulatedFile> file_;
  const int flags_;
  /// Of a database: by which pointers SQLite names it, its journal and its log.
  const char* names_[3] = {nullptr, nullptr, nullptr};
  /// The first sync of a journal or log syncs its folder too.
  bool syncs_folder_;
  FileUser user_;
};

}  // namespace seamline::test
