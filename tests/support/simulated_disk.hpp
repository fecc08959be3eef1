#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/paged_bytes.hpp"

namespace seamline::test {

/// What SQLite asks of a disk, as far as it is counted and can fail. `lock` is a lock on the file or in the shared memory of a
/// write-ahead log; giving one back is none.
enum class DiskOperation : std::uint8_t { open, read, write, sync, truncate, remove, access, size, lock, map_shared_memory };
inline constexpr std::size_t disk_operations = 10;
std::string_view name_of(DiskOperation operation);

/// An operation that is to fail.
struct DiskFault {
  /// Which are counted; none means all.
  std::vector<DiskOperation> operations;
  /// The n-th of these from now on fails, counted from 1.
  std::int64_t nth = 1;
  /// Whether all of these after it fail too.
  bool lasting = false;
  /// The SQLite result code that it fails with, say SQLITE_FULL or SQLITE_BUSY; 0 is the operation's own SQLITE_IOERR_….
  int code = 0;
  /// A write that fails has written its first half.
  bool half_written = false;
  /// Only what happens to files below this folder; empty means all.
  std::string folder;
};

/// The files of a folder at one moment, by their paths within it. A copy shares the bytes.
using DiskImage = std::map<std::string, PagedBytes>;

class SimulatedVfs;

/// A disk in memory, behind an SQLite VFS: SQLite's default one from its construction to its end, so that every store that is
/// opened meanwhile lives on it. All else (lock files, keys in files) stays on the machine's own disk. Folders exist as soon as
/// a file is made in them; a path is taken as it is written.
///
/// It gives what a Linux file system gives, and no more: what is written is seen by every connection at once, and is durable
/// with the next sync of its file; that a file is made or removed is durable with a sync of its folder, which SQLite does
/// with the first sync of a journal or write-ahead log that it has made (os_unix.c, unixSync). A sync that fails loses by chance
/// some of what it was to make durable, and no later one makes up for it. A write within a sector changes no byte beside it
/// (SQLITE_IOCAP_POWERSAFE_OVERWRITE, as os_unix.c claims too); nothing else is promised to SQLite.
///
/// The same seed and the same calls give the same bytes: SQLite's own randomness comes from here, its sleeps take no time, and
/// its clock stands still but for them. For one thread. Every connection to it is closed before it ends, or never touched again.
class SimulatedDisk {
 public:
  /// Whether a process that dies has ended at once, or still runs to the end of its step.
  enum class Zombie : std::uint8_t { has_ended, runs_on };
  /// Called before each operation that is counted, with the file's path; empty for a temporary one. It may kill or take the
  /// power from the folder that the operation belongs to, which then happens in the dead process's private copy.
  using Observer = std::function<void(DiskOperation operation, std::string_view path)>;

  explicit SimulatedDisk(std::uint64_t seed = 1);
  ~SimulatedDisk();
  SimulatedDisk(const SimulatedDisk&) = delete;
  SimulatedDisk& operator=(const SimulatedDisk&) = delete;

  /// The process that has the files below `folder` open is killed. What it has written so far is there for whoever opens them
  /// next. What it has open is detached: it goes on with a private copy, which nobody else sees, and its locks block nobody;
  /// that is neither counted nor failed nor observed. With `runs_on` the same is true of what it still opens, until restart().
  void kill(std::string_view folder, Zombie zombie = Zombie::has_ended);
  /// The same, and the machine's power is lost: each write and truncation since the last sync of its file is kept or lost, or
  /// torn into sectors of 512 bytes of which each is kept or lost; each making and removal of a file since the last sync of its
  /// folder is kept or lost. All by the seed, and independently, so a later one may be kept where an earlier one is lost.
  void lose_power(std::string_view folder, Zombie zombie = Zombie::has_ended);
  /// What losses of power and failed syncs take is drawn by this seed from here on.
  void draw_fate(std::uint64_t seed);
  /// From here on the files below `folder` are what a kill() or lose_power() with `runs_on` has left.
  void restart(std::string_view folder);

  /// Arms a fault, beside those that are armed. What belongs to a dead process is never counted.
  void inject(DiskFault fault);
  /// Takes all faults back.
  void mend();
  /// How many operations have failed by a fault so far.
  std::int64_t failed() const;
  /// How many operations there were, whether they failed or not.
  std::int64_t count(DiskOperation operation) const;
  std::int64_t count() const;
  void observe(Observer observer);
  /// A disk that lies: a sync makes nothing durable, and says that it has.
  void ignore_syncs(bool ignored);

  /// The files below `folder`, as they are seen now.
  DiskImage image(std::string_view folder) const;
  /// Puts these files, and no others, below `folder`, durably. What was open there is detached, as by kill().
  void put(const DiskImage& image, std::string_view folder);
  /// Whether there is such a file.
  bool exists(std::string_view path) const;
  /// A file's bytes; empty where there is none.
  std::string bytes(std::string_view path) const;
  /// Writes the files below `folder` into a folder of the machine's own disk, where other programs can read them.
  void copy_out(std::string_view folder, const std::string& into) const;

 private:
  std::unique_ptr<SimulatedVfs> vfs_;
};

}  // namespace seamline::test
