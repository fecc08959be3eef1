#pragma once

#include <sqlite3.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/random.hpp"
#include "support/disk_faults.hpp"
#include "support/simulated_files.hpp"

namespace seamline::test {

/// The folder and the name of a path.
std::pair<std::string_view, std::string_view> split_path(std::string_view path);

/// The SQLite side of SimulatedDisk, which documents it: the VFS and what it knows of folders.
class SimulatedVfs {
 public:
  explicit SimulatedVfs(std::uint64_t seed);
  ~SimulatedVfs();
  SimulatedVfs(const SimulatedVfs&) = delete;
  SimulatedVfs& operator=(const SimulatedVfs&) = delete;

  DiskFaults& faults() { return faults_; }
  Random& fate() { return fate_; }
  void draw_fate(std::uint64_t seed) { fate_ = SeededRandom(seed); }
  void ignore_syncs(bool ignored) { ignores_syncs_ = ignored; }
  bool ignores_syncs() const { return ignores_syncs_; }

  void crash(std::string_view folder, bool runs_on, bool loses_power);
  void restart(std::string_view folder);
  /// Takes all files below a folder away.
  void clear(std::string_view folder);

  /// The folder at a path, made where it is missing.
  std::shared_ptr<SimulatedFolder> folder(std::string_view path);
  std::shared_ptr<SimulatedFile> find(std::string_view path) const;
  void each_folder(std::string_view below,
                   const std::function<void(const std::string& path, const SimulatedFolder& files)>& visit) const;

  /// SQLite names the journal and the log of an open database by the same pointers from its opening to its closing: a dead
  /// process is told by them, and stays among its own files.
  void know(const char* name, std::shared_ptr<SimulatedFolder> folder) { known_[name] = std::move(folder); }
  void forget(const char* name) { known_.erase(name); }
  /// The folder in which a name is looked up.
  std::shared_ptr<SimulatedFolder> folder_of(const char* name);

  // What the functions of the VFS do.
  int open(const char* name, sqlite3_file* file, int flags, int* flags_out);
  int remove(const char* name, bool sync_folder);
  int access(const char* name, int what, int* result);
  int randomness(int length, char* into);
  int sleep(int microseconds);
  sqlite3_int64 now_ms() const { return julian_ms_ + slept_us_ / 1000; }

 private:
  struct Place {
    std::shared_ptr<SimulatedFolder> files;
    /// What a crash has left, while its zombie runs on.
    std::shared_ptr<SimulatedFolder> next;
  };
  /// Noon of 2020-06-01, in milliseconds of the Julian day.
  static constexpr sqlite3_int64 julian_ms_ = 2459002LL * 86'400'000;

  const std::string name_;
  sqlite3_vfs vfs_{};
  sqlite3_vfs* default_before_;
  SeededRandom fate_;
  SeededRandom random_;
  sqlite3_int64 slept_us_ = 0;
  bool ignores_syncs_ = false;
  DiskFaults faults_;
  std::map<std::string, Place, std::less<>> places_;
  std::unordered_map<const char*, std::shared_ptr<SimulatedFolder>> known_;
};

}  // namespace seamline::test
