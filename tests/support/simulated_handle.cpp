#include "support/simulated_handle.hpp"

#include <cstring>
#include <span>

#include "support/simulated_vfs.hpp"

namespace seamline::test {
namespace {

constexpr int os_sector_bytes = 4096;  // SQLITE_DEFAULT_SECTOR_SIZE, which os_unix.c reports
constexpr int journals = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;

SimulatedHandle& of(sqlite3_file* file) { return *reinterpret_cast<SimulatedHandle::Slot*>(file)->handle; }

int close(sqlite3_file* file) {
  delete &of(file);
  file->pMethods = nullptr;
  return SQLITE_OK;
}

sqlite3_io_methods functions() {
  sqlite3_io_methods methods{};
  methods.iVersion = 2;  // no memory mapping of the file
  methods.xClose = close;
  methods.xRead = [](sqlite3_file* file, void* into, int length, sqlite3_int64 offset) {
    return of(file).read(into, length, offset);
  };
  methods.xWrite = [](sqlite3_file* file, const void* from, int length, sqlite3_int64 offset) {
    return of(file).write(from, length, offset);
  };
  methods.xTruncate = [](sqlite3_file* file, sqlite3_int64 size) { return of(file).truncate(size); };
  methods.xSync = [](sqlite3_file* file, int) { return of(file).sync(); };
  methods.xFileSize = [](sqlite3_file* file, sqlite3_int64* size) { return of(file).size(size); };
  methods.xLock = [](sqlite3_file* file, int level) { return of(file).lock(level); };
  methods.xUnlock = [](sqlite3_file* file, int level) { return of(file).unlock(level); };
  methods.xCheckReservedLock = [](sqlite3_file* file, int* result) { return of(file).check_reserved(result); };
  methods.xFileControl = [](sqlite3_file* file, int operation, void* argument) { return of(file).control(operation, argument); };
  methods.xSectorSize = [](sqlite3_file*) { return os_sector_bytes; };
  methods.xDeviceCharacteristics = [](sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; };
  methods.xShmMap = [](sqlite3_file* file, int region, int bytes, int may_extend, void volatile** at) {
    return of(file).map(region, bytes, may_extend, at);
  };
  methods.xShmLock = [](sqlite3_file* file, int first, int count, int flags) { return of(file).lock_slots(first, count, flags); };
  // One thread uses the disk: there is nothing to order, and ThreadSanitizer knows no fences.
  methods.xShmBarrier = [](sqlite3_file*) {};
  methods.xShmUnmap = [](sqlite3_file* file, int) { return of(file).unmap(); };
  return methods;
}

const sqlite3_io_methods methods_of_all = functions();

}  // namespace

void SimulatedHandle::open_in(sqlite3_file* slot, SimulatedVfs& vfs, const char* name, std::shared_ptr<SimulatedFolder> folder,
                              std::shared_ptr<SimulatedFile> file, int flags) {
  reinterpret_cast<Slot*>(slot)->handle = new SimulatedHandle(vfs, name, std::move(folder), std::move(file), flags);
  slot->pMethods = &methods_of_all;
}

SimulatedHandle::SimulatedHandle(SimulatedVfs& vfs, const char* name, std::shared_ptr<SimulatedFolder> folder,
                                 std::shared_ptr<SimulatedFile> file, int flags)
    : vfs_(vfs),
      path_(name == nullptr ? "" : name),
      folder_(std::move(folder)),
      file_(std::move(file)),
      flags_(flags),
      syncs_folder_(folder_ && (flags & SQLITE_OPEN_CREATE) != 0 && (flags & journals) != 0) {
  file_->enter(user_);
  if (name == nullptr || (flags & SQLITE_OPEN_MAIN_DB) == 0) return;
  names_[0] = name;
  names_[1] = sqlite3_filename_journal(name);
  names_[2] = sqlite3_filename_wal(name);
  for (const char* one : names_) vfs_.know(one, folder_);
}

SimulatedHandle::~SimulatedHandle() {
  file_->leave(user_);
  for (const char* name : names_) {
    if (name != nullptr) vfs_.forget(name);
  }
  if ((flags_ & SQLITE_OPEN_DELETEONCLOSE) != 0 && folder_) folder_->remove(split_path(path_).second);
}

int SimulatedHandle::read(void* into, int length, sqlite3_int64 offset) {
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::read, path_, SQLITE_IOERR_READ);
    if (failure.code != 0) return failure.code;
  }
  const std::span<char> wanted(static_cast<char*>(into), static_cast<std::size_t>(length));
  const std::size_t got = file_->bytes.seen().read(static_cast<std::size_t>(offset), wanted);
  if (got == wanted.size()) return SQLITE_OK;
  std::memset(wanted.data() + got, 0, wanted.size() - got);
  return SQLITE_IOERR_SHORT_READ;
}

int SimulatedHandle::write(const void* from, int length, sqlite3_int64 offset) {
  if ((flags_ & SQLITE_OPEN_READONLY) != 0) return SQLITE_IOERR_WRITE;
  std::string_view bytes(static_cast<const char*>(from), static_cast<std::size_t>(length));
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::write, path_, SQLITE_IOERR_WRITE);
    if (failure.code != 0) {
      if (failure.half_written) file_->bytes.write(static_cast<std::size_t>(offset), bytes.substr(0, bytes.size() / 2));
      return failure.code;
    }
  }
  file_->bytes.write(static_cast<std::size_t>(offset), bytes);
  return SQLITE_OK;
}

int SimulatedHandle::truncate(sqlite3_int64 size) {
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::truncate, path_, SQLITE_IOERR_TRUNCATE);
    if (failure.code != 0) return failure.code;
  }
  file_->bytes.truncate(static_cast<std::size_t>(size));
  return SQLITE_OK;
}

int SimulatedHandle::sync() {
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::sync, path_, SQLITE_IOERR_FSYNC);
    if (failure.code != 0) {
      file_->bytes.fail_sync(vfs_.fate());
      return failure.code;
    }
  }
  if (vfs_.ignores_syncs()) return SQLITE_OK;
  file_->bytes.sync();
  if (syncs_folder_) folder_->sync();
  syncs_folder_ = false;
  return SQLITE_OK;
}

int SimulatedHandle::size(sqlite3_int64* size) {
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::size, path_, SQLITE_IOERR_FSTAT);
    if (failure.code != 0) return failure.code;
  }
  *size = static_cast<sqlite3_int64>(file_->bytes.seen().size());
  return SQLITE_OK;
}

int SimulatedHandle::lock(int level) {
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::lock, path_, SQLITE_IOERR_LOCK);
    if (failure.code != 0) return failure.code;
  }
  return file_->lock(user_, level) ? SQLITE_OK : SQLITE_BUSY;
}

int SimulatedHandle::unlock(int level) {
  user_.lock = std::min(user_.lock, level);
  return SQLITE_OK;
}

int SimulatedHandle::check_reserved(int* result) const {
  *result = file_->is_reserved() ? 1 : 0;
  return SQLITE_OK;
}

int SimulatedHandle::control(int operation, void* argument) const {
  if (operation != SQLITE_FCNTL_HAS_MOVED) return SQLITE_NOTFOUND;
  *static_cast<int*>(argument) = folder_ && folder_->find(split_path(path_).second) != file_ ? 1 : 0;
  return SQLITE_OK;
}

int SimulatedHandle::map(int region, int region_bytes, int may_extend, void volatile** at) {
  *at = nullptr;
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::map_shared_memory, path_, SQLITE_IOERR_SHMMAP);
    if (failure.code != 0) return failure.code;
  }
  *at = file_->map(user_, static_cast<std::size_t>(region), static_cast<std::size_t>(region_bytes), may_extend != 0);
  return SQLITE_OK;
}

int SimulatedHandle::lock_slots(int first, int count, int flags) {
  const std::uint32_t slots = ((1U << count) - 1U) << first;
  if ((flags & SQLITE_SHM_UNLOCK) != 0) {
    user_.shared_slots &= ~slots;
    user_.exclusive_slots &= ~slots;
    return SQLITE_OK;
  }
  if (!is_detached()) {
    const auto failure = vfs_.faults().meet(DiskOperation::lock, path_, SQLITE_IOERR_SHMLOCK);
    if (failure.code != 0) return failure.code;
  }
  return file_->lock_slots(user_, slots, (flags & SQLITE_SHM_EXCLUSIVE) != 0) ? SQLITE_OK : SQLITE_BUSY;
}

int SimulatedHandle::unmap() {
  file_->unmap(user_);
  return SQLITE_OK;
}

}  // namespace seamline::test
