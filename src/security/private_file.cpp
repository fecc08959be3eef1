#include "security/private_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/fault.hpp"
namespace seamline::security {
namespace {

constexpr ErrorCode file_unusable{"security.file_unusable", Kind::unavailable};
constexpr std::size_t max_bytes = 4096;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  bool is_open() const { return fd_ >= 0; }

 private:
  int fd_;
};

tl::unexpected<Error> unusable(const std::filesystem::path& file, const std::string& why) {
  return fail(file_unusable, "The file " + file.string() + " " + why + ".");
}

std::string reason() { return std::string(": ") + std::strerror(errno); }

bool write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

bool sync_folder(const std::filesystem::path& folder) {
  const Descriptor directory(::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.is_open() && ::fsync(directory.get()) == 0;
}

}  // namespace

Result<void> write_private_file(const std::filesystem::path& file, std::string_view content) {
  const std::filesystem::path draft = file.string() + ".new";
  ::unlink(draft.c_str());
  {
    const Descriptor out(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out.is_open()) return unusable(draft, "cannot be made" + reason());
    if (!write_all(out.get(), content) || ::fsync(out.get()) != 0) return unusable(draft, "cannot be written" + reason());
  }
  SEAMLINE_CRASH_POINT("", "private-file-written");
  if (::rename(draft.c_str(), file.c_str()) != 0) return unusable(file, "cannot be put in its place" + reason());
  SEAMLINE_CRASH_POINT("", "private-file-named");
  if (!sync_folder(file.parent_path())) return unusable(file, "cannot be made durable" + reason());
  return {};
}

Result<std::optional<std::string>> read_private_file(const std::filesystem::path& file) {
  const Descriptor in(::open(file.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!in.is_open()) {
    if (errno == ENOENT) return std::nullopt;
    return unusable(file, "cannot be read" + reason());
  }
  struct stat status{};
  if (::fstat(in.get(), &status) != 0 || !S_ISREG(status.st_mode)) return unusable(file, "is no plain file");
  if ((status.st_mode & 077U) != 0) {
    return unusable(file,
                    "can be read or written by others than its owner; run chmod 600 on it, and think of who may have read it");
  }
  if (static_cast<std::size_t>(status.st_size) > max_bytes) return unusable(file, "is longer than 4 KiB");
  std::string content(static_cast<std::size_t>(status.st_size), '\0');
  const ssize_t got = ::read(in.get(), content.data(), content.size());
  if (got != static_cast<ssize_t>(content.size())) return unusable(file, "cannot be read to its end");
  return content;
}

}  // namespace seamline::security
