#include "store/folder_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace seamline::store {
namespace {

constexpr ErrorCode locked{"store.locked", Kind::conflict};
constexpr ErrorCode unusable{"store.unusable", Kind::unavailable};

}  // namespace

Result<std::unique_ptr<FolderLock>> FolderLock::take(const std::filesystem::path& folder, const std::string& module) {
  const auto path = folder / "lock";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    return fail(unusable,
                "Cannot open " + path.string() + ": " + std::strerror(errno) + ". Check the folder's owner and rights.");
  }
  auto lock = std::unique_ptr<FolderLock>(new FolderLock(file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0) {
    return fail(locked, "The store of module " + module + " in " + folder.string() +
                            " is in use by another process. Stop that one, or give this one another data_dir.");
  }
  return lock;
}

bool FolderLock::is_taken(const std::filesystem::path& folder) {
  const int file = ::open((folder / "lock").c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool is_free = ::flock(file, LOCK_SH | LOCK_NB) == 0;
  ::close(file);
  return !is_free;
}

FolderLock::~FolderLock() { ::close(file_); }

}  // namespace seamline::store
