#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.hpp"
#include "support/paged_bytes.hpp"

namespace seamline::test {

/// A file's bytes as every process sees them, and as they are on the medium. A copy shares the bytes.
class FileBytes {
 public:
  const PagedBytes& seen() const { return seen_; }
  void write(std::size_t offset, std::string_view bytes);
  void truncate(std::size_t size);
  /// What is seen is on the medium.
  void sync();
  /// A sync that failed: by chance, part of it is on the medium. The rest is taken for written, so no later sync brings it there.
  void fail_sync(Random& random);
  /// What a loss of power leaves.
  FileBytes after_power_loss(Random& random) const;
  /// A file with these bytes, on the medium too.
  static FileBytes durable(PagedBytes bytes);

 private:
  struct Change {
    bool is_truncation = false;
    std::size_t offset = 0;  // of a truncation: the new size
    std::string bytes;
  };
  PagedBytes settled(Random& random) const;

  PagedBytes seen_;
  PagedBytes durable_;
  std::vector<Change> unsynced_;
};

/// One that has a file open, as far as others must know.
struct FileUser {
  /// SQLITE_LOCK_NONE to SQLITE_LOCK_EXCLUSIVE.
  int lock = 0;
  /// Locks in the shared memory, a bit each.
  std::uint32_t shared_slots = 0;
  std::uint32_t exclusive_slots = 0;
  bool has_shared_memory = false;
};

/// A file, whatever its name: who has it open, and the shared memory beside it, which ends with the last who uses it.
class SimulatedFile {
 public:
  explicit SimulatedFile(FileBytes its_bytes = {}) : bytes(std::move(its_bytes)) {}
  SimulatedFile(const SimulatedFile&) = delete;
  SimulatedFile& operator=(const SimulatedFile&) = delete;

  void enter(FileUser& user) { users_.push_back(&user); }
  void leave(FileUser& user);

  /// The locks of https://www.sqlite.org/lockingv3.html. False where another's lock is in the way.
  bool lock(FileUser& user, int level);
  bool is_reserved() const;
  /// Locks in the shared memory. False where another's is in the way.
  bool lock_slots(FileUser& user, std::uint32_t slots, bool exclusively) const;
  /// A part of the shared memory; null where it is not there and must not be made.
  char* map(FileUser& user, std::size_t region, std::size_t region_bytes, bool may_extend);
  void unmap(FileUser& user);

  FileBytes bytes;

 private:
  bool others_hold(const FileUser& user, int least) const;

  std::vector<FileUser*> users_;
  std::vector<std::vector<char>> regions_;
};

/// A folder: names of files as every process sees them, and as they are on the medium.
class SimulatedFolder {
 public:
  using Names = std::map<std::string, std::shared_ptr<SimulatedFile>, std::less<>>;

  const Names& seen() const { return seen_; }
  /// Null where there is none.
  std::shared_ptr<SimulatedFile> find(std::string_view name) const;
  std::shared_ptr<SimulatedFile> make(std::string_view name);
  /// Whether there was such a file.
  bool remove(std::string_view name);
  void sync();

  /// What a killed process leaves: a copy in which nothing is open, with what is not yet durable.
  std::shared_ptr<SimulatedFolder> after_kill() const;
  /// What a loss of power leaves.
  std::shared_ptr<SimulatedFolder> after_power_loss(Random& random) const;
  /// A file that is on the medium, and its name too.
  void put(std::string_view name, const PagedBytes& bytes);

  /// The process that has files open here is dead.
  bool is_detached = false;

 private:
  struct Change {
    std::string name;
    std::shared_ptr<SimulatedFile> file;  // null: removed
  };

  Names seen_;
  Names durable_;
  std::vector<Change> unsynced_;
};

}  // namespace seamline::test
