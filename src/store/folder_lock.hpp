#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "base/result.hpp"

namespace seamline::store {

/// One process a module's folder: a lock on its file `lock`, which the kernel releases when the process ends, however it ends.
class FolderLock {
 public:
  /// Errors: store.locked, store.unusable.
  static Result<std::unique_ptr<FolderLock>> take(const std::filesystem::path& folder, const std::string& module);
  /// Whether a process has it now.
  static bool is_taken(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int file) : file_(file) {}
  int file_;
};

}  // namespace seamline::store
