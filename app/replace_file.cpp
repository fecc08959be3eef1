#include "replace_file.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

namespace seamline::app {
namespace {

constexpr ErrorCode unwritable{"file.unwritable", Kind::unavailable};

/// A file beside the one that it is to replace; removed unless it has been.
class Draft {
 public:
  explicit Draft(const std::filesystem::path& target)
      : name_(target.string() + ".XXXXXX"), fd_(::mkostemp(name_.data(), O_CLOEXEC)) {}
  ~Draft() {
    if (fd_ < 0) return;
    ::close(fd_);
    if (!is_placed_) ::unlink(name_.c_str());
  }
  Draft(const Draft&) = delete;
  Draft& operator=(const Draft&) = delete;

  bool is_open() const { return fd_ >= 0; }
  bool write(std::string_view content) {
    while (!content.empty()) {
      const ssize_t written = ::write(fd_, content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      content.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }
  bool take_over(const struct stat& from) {
    // Another owner than oneself can only be kept by root. The owner goes first: changing it may clear bits of the mode.
    (void)(::fchown(fd_, from.st_uid, from.st_gid) == 0);
    return ::fchmod(fd_, from.st_mode & 07777U) == 0;
  }
  bool place_at(const std::filesystem::path& target) {
    is_placed_ = ::fsync(fd_) == 0 && ::rename(name_.c_str(), target.c_str()) == 0;
    return is_placed_;
  }

 private:
  std::string name_;
  int fd_;
  bool is_placed_ = false;
};

void sync_folder_of(const std::filesystem::path& file) {
  const int folder = ::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  ::fsync(folder);
  ::close(folder);
}

}  // namespace

Result<void> replace_file(const std::filesystem::path& file, std::string_view content) {
  const auto refuse = [&](int reason) {
    return fail(unwritable, "Cannot write " + file.string() + ": " + std::strerror(reason) + ". It is as it was.");
  };
  std::error_code problem;
  const std::filesystem::path target = std::filesystem::canonical(file, problem);
  if (problem) return refuse(problem.value());
  struct stat status{};
  if (::stat(target.c_str(), &status) != 0) return refuse(errno);
  Draft draft(target);
  if (!draft.is_open() || !draft.write(content) || !draft.take_over(status) || !draft.place_at(target)) return refuse(errno);
  sync_folder_of(target);
  return {};
}

}  // namespace seamline::app
