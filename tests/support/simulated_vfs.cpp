#include "support/simulated_vfs.hpp"

#include <cstring>
#include <span>
#include <stdexcept>

#include "support/simulated_handle.hpp"

namespace seamline::test {
namespace {

constexpr int max_path_bytes = 512;

SimulatedVfs& of(sqlite3_vfs* vfs) { return *static_cast<SimulatedVfs*>(vfs->pAppData); }

int full_path(sqlite3_vfs*, const char* name, int length, char* into) {
  const std::string path = name[0] == '/' ? name : "/" + std::string(name);
  if (path.size() >= static_cast<std::size_t>(length)) return SQLITE_CANTOPEN;
  std::memcpy(into, path.c_str(), path.size() + 1);
  return SQLITE_OK;
}

int current_time(sqlite3_vfs* vfs, double* days) {
  *days = static_cast<double>(of(vfs).now_ms()) / 86'400'000.0;
  return SQLITE_OK;
}

sqlite3_vfs functions(SimulatedVfs* self, const char* name) {
  sqlite3_vfs vfs{};
  vfs.iVersion = 2;
  vfs.szOsFile = sizeof(SimulatedHandle::Slot);
  vfs.mxPathname = max_path_bytes;
  vfs.zName = name;
  vfs.pAppData = self;
  vfs.xOpen = [](sqlite3_vfs* to, sqlite3_filename path, sqlite3_file* file, int flags, int* flags_out) {
    return of(to).open(path, file, flags, flags_out);
  };
  vfs.xDelete = [](sqlite3_vfs* to, const char* path, int sync_folder) { return of(to).remove(path, sync_folder != 0); };
  vfs.xAccess = [](sqlite3_vfs* to, const char* path, int what, int* result) { return of(to).access(path, what, result); };
  vfs.xFullPathname = full_path;
  vfs.xRandomness = [](sqlite3_vfs* to, int length, char* into) { return of(to).randomness(length, into); };
  vfs.xSleep = [](sqlite3_vfs* to, int microseconds) { return of(to).sleep(microseconds); };
  vfs.xCurrentTime = current_time;
  vfs.xGetLastError = [](sqlite3_vfs*, int, char*) { return 0; };
  vfs.xCurrentTimeInt64 = [](sqlite3_vfs* to, sqlite3_int64* ms) {
    *ms = of(to).now_ms();
    return SQLITE_OK;
  };
  return vfs;
}

/// SQLite seeds its generator once a process: from here on it does so again, and from the VFS that is the default now.
void seed_sqlite_again() { sqlite3_randomness(0, nullptr); }

}  // namespace

std::pair<std::string_view, std::string_view> split_path(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return {"", path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

SimulatedVfs::SimulatedVfs(std::uint64_t seed)
    : name_("simulated-disk-" + std::to_string(reinterpret_cast<std::uintptr_t>(this))),
      default_before_(nullptr),
      fate_(seed),
      random_(seed ^ 0x5DEECE66D) {
  // As the store configures it, before SQLite's first use in the process; afterwards it is refused.
  sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  sqlite3_initialize();
  default_before_ = sqlite3_vfs_find(nullptr);
  vfs_ = functions(this, name_.c_str());
  if (sqlite3_vfs_register(&vfs_, 1) != SQLITE_OK) throw std::runtime_error("the simulated disk cannot be registered");
  seed_sqlite_again();
}

SimulatedVfs::~SimulatedVfs() {
  sqlite3_vfs_unregister(&vfs_);
  sqlite3_vfs_register(default_before_, 1);
  seed_sqlite_again();
}

void SimulatedVfs::crash(std::string_view folder, bool runs_on, bool loses_power) {
  for (auto& [path, place] : places_) {
    if (!is_below(path, folder)) continue;
    // What a crash has left can be struck by another, before anybody has opened it.
    const auto& struck = place.next ? place.next : place.files;
    auto left = loses_power ? struck->after_power_loss(fate_) : struck->after_kill();
    place.files->is_detached = true;
    place.next = std::move(left);
  }
  if (!runs_on) restart(folder);
}

void SimulatedVfs::restart(std::string_view folder) {
  for (auto& [path, place] : places_) {
    if (is_below(path, folder) && place.next) place.files = std::exchange(place.next, nullptr);
  }
}

void SimulatedVfs::clear(std::string_view folder) {
  std::erase_if(places_, [&](auto& entry) {
    if (!is_below(entry.first, folder)) return false;
    entry.second.files->is_detached = true;
    return true;
  });
}

std::shared_ptr<SimulatedFolder> SimulatedVfs::folder(std::string_view path) {
  const auto found = places_.find(path);
  if (found != places_.end()) return found->second.files;
  auto made = std::make_shared<SimulatedFolder>();
  places_[std::string(path)].files = made;
  return made;
}

std::shared_ptr<SimulatedFile> SimulatedVfs::find(std::string_view path) const {
  const auto [place, name] = split_path(path);
  const auto found = places_.find(place);
  return found == places_.end() ? nullptr : found->second.files->find(name);
}

void SimulatedVfs::each_folder(std::string_view below,
                               const std::function<void(const std::string&, const SimulatedFolder&)>& visit) const {
  for (const auto& [path, place] : places_) {
    if (is_below(path, below)) visit(path, *place.files);
  }
}

std::shared_ptr<SimulatedFolder> SimulatedVfs::folder_of(const char* name) {
  const auto known = known_.find(name);
  return known != known_.end() ? known->second : folder(split_path(name).first);
}

int SimulatedVfs::open(const char* name, sqlite3_file* file, int flags, int* flags_out) {
  file->pMethods = nullptr;
  std::shared_ptr<SimulatedFolder> where;
  std::shared_ptr<SimulatedFile> opened;
  const std::string_view path = name == nullptr ? "" : name;
  if (name == nullptr || !folder_of(name)->is_detached) {
    if (const auto failure = faults_.meet(DiskOperation::open, path, SQLITE_CANTOPEN); failure.code != 0) return failure.code;
  }
  if (name == nullptr) {
    opened = std::make_shared<SimulatedFile>();
  } else {
    where = folder_of(name);
    const std::string_view own_name = split_path(path).second;
    opened = where->find(own_name);
    const bool must_be_new = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & SQLITE_OPEN_EXCLUSIVE) != 0;
    if (opened ? must_be_new : (flags & SQLITE_OPEN_CREATE) == 0) return SQLITE_CANTOPEN;
    if (!opened) opened = where->make(own_name);
  }
  SimulatedHandle::open_in(file, *this, name, std::move(where), std::move(opened), flags);
  if (flags_out != nullptr) *flags_out = flags;
  return SQLITE_OK;
}

int SimulatedVfs::remove(const char* name, bool sync_folder) {
  if (!folder_of(name)->is_detached) {
    if (const auto failure = faults_.meet(DiskOperation::remove, name, SQLITE_IOERR_DELETE); failure.code != 0)
      return failure.code;
  }
  const auto where = folder_of(name);
  if (!where->remove(split_path(name).second)) return SQLITE_IOERR_DELETE_NOENT;
  if (sync_folder && !ignores_syncs_) where->sync();
  return SQLITE_OK;
}

int SimulatedVfs::access(const char* name, int what, int* result) {
  if (!folder_of(name)->is_detached) {
    if (const auto failure = faults_.meet(DiskOperation::access, name, SQLITE_IOERR_ACCESS); failure.code != 0)
      return failure.code;
  }
  const auto file = folder_of(name)->find(split_path(name).second);
  // As os_unix.c: an empty file counts as none.
  *result = file && (what != SQLITE_ACCESS_EXISTS || file->bytes.seen().size() > 0) ? 1 : 0;
  return SQLITE_OK;
}

int SimulatedVfs::randomness(int length, char* into) {
  random_.fill(std::as_writable_bytes(std::span(into, static_cast<std::size_t>(length))));
  return length;
}

int SimulatedVfs::sleep(int microseconds) {
  slept_us_ += microseconds;
  return microseconds;
}

}  // namespace seamline::test
