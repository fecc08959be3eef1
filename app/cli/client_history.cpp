#include "cli/client_history.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/assert.hpp"
#include "base/json.hpp"

namespace seamline::app {
namespace {

constexpr ErrorCode exists{"history.exists", Kind::conflict};
constexpr ErrorCode not_writable{"history.unwritable", Kind::unavailable};

std::string_view name_of(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::ok: return "ok";
    case AttemptOutcome::failed: return "failed";
    case AttemptOutcome::unknown: break;
  }
  return "unknown";
}

/// The attempt's line, filled up with blanks, which JSON ignores.
std::string slot_of(const Attempt& attempt) {
  std::string line;
  json::Writer writer(line);
  writer.begin_object();
  writer.member("attempt", attempt.number);
  writer.member("operation", "order.place_order");
  writer.member("key", attempt.key);
  writer.member("start_ms", attempt.start_ms);
  writer.member("end_ms", attempt.end_ms);
  writer.member("outcome", name_of(attempt.outcome));
  if (attempt.status != 0) writer.member("status", static_cast<std::int64_t>(attempt.status));
  if (!attempt.order_id.empty()) writer.member("order_id", attempt.order_id);
  writer.end_object();
  SEAMLINE_ASSERT(line.size() < ClientHistory::slot_bytes);
  line.resize(ClientHistory::slot_bytes - 1, ' ');
  return line + '\n';
}

/// A new file is durable once its folder is.
bool sync_folder_of(const std::string& file) {
  const auto folder = std::filesystem::absolute(file).parent_path();
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return false;
  const bool is_synced = ::fsync(fd) == 0;
  ::close(fd);
  return is_synced;
}

}  // namespace

Result<std::unique_ptr<ClientHistory>> ClientHistory::create(const std::string& file) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 && errno == EEXIST)
    return fail(exists, file + " is there already, and a history is never overwritten: name a new one.");
  std::unique_ptr<ClientHistory> history(new ClientHistory(file, fd));
  if (fd < 0 || !sync_folder_of(file)) return history->unwritable(errno);
  return history;
}

ClientHistory::~ClientHistory() {
  if (fd_ >= 0) ::close(fd_);
}

Result<void> ClientHistory::begin(Attempt& attempt) {
  std::unique_lock lock(mutex_);
  // Numbered and written in one go: a later line never stands behind a hole.
  attempt.number = attempts_ + 1;
  attempt.end_ms = attempt.start_ms;
  if (auto written = write(attempt); !written) return written;
  ++attempts_;
  return sync(lock);
}

Result<void> ClientHistory::end(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  return write(attempt);
}

Result<void> ClientHistory::finish() {
  std::unique_lock lock(mutex_);
  return sync(lock);
}

Result<void> ClientHistory::write(const Attempt& attempt) {
  const std::string slot = slot_of(attempt);
  const auto offset = static_cast<off_t>(attempt.number - 1) * static_cast<off_t>(slot_bytes);
  ssize_t count = 0;
  do count = ::pwrite(fd_, slot.data(), slot.size(), offset);
  while (count < 0 && errno == EINTR);
  if (count != static_cast<ssize_t>(slot.size())) return unwritable(count < 0 ? errno : ENOSPC);
  ++writes_;
  return {};
}

Result<void> ClientHistory::sync(std::unique_lock<std::mutex>& lock) {
  const std::int64_t wanted = writes_;
  while (failure_ == 0 && durable_writes_ < wanted) {
    if (is_syncing_) {
      synced_.wait(lock);
      continue;
    }
    is_syncing_ = true;
    const std::int64_t target = writes_;
    lock.unlock();
    const int reason = ::fdatasync(fd_) == 0 ? 0 : errno;
    lock.lock();
    is_syncing_ = false;
    synced_.notify_all();
    // For good: a later fdatasync can succeed without what this one has lost.
    if (reason != 0) failure_ = reason;
    durable_writes_ = target;
  }
  if (failure_ != 0) return unwritable(failure_);
  return {};
}

tl::unexpected<Error> ClientHistory::unwritable(int reason) const {
  return fail(not_writable,
              "Cannot write the history " + file_ + ": " + std::strerror(reason) + ". Nothing more is asked of the shop.");
}

}  // namespace seamline::app
