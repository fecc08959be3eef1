#include "support/simulated_files.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <span>

namespace seamline::test {
namespace {

constexpr std::size_t sector_bytes = 512;

bool by_chance(Random& random) { return random.below(2) == 0; }

/// A sector that the file grew by and that was never written: a file system may show there what was on the medium before.
void leave_what_was_there(PagedBytes& bytes, std::size_t offset, std::size_t length, Random& random) {
  if (offset < bytes.size() || by_chance(random)) return;
  std::string garbage(length, '\0');
  random.fill(std::as_writable_bytes(std::span(garbage)));
  bytes.write(offset, garbage);
}

void write_torn(PagedBytes& bytes, std::size_t offset, std::string_view written, Random& random) {
  for (std::size_t done = 0; done < written.size();) {
    const std::size_t at = offset + done;
    const std::size_t length = std::min(written.size() - done, sector_bytes - at % sector_bytes);
    if (by_chance(random)) {
      bytes.write(at, written.substr(done, length));
    } else {
      leave_what_was_there(bytes, at, length, random);
    }
    done += length;
  }
}

void write_by_chance(PagedBytes& bytes, std::size_t offset, std::string_view written, Random& random) {
  switch (random.below(3)) {
    case 0: bytes.write(offset, written); break;
    case 1: write_torn(bytes, offset, written, random); break;
    default: break;
  }
}

void apply(SimulatedFolder::Names& names, const std::string& name, const std::shared_ptr<SimulatedFile>& file) {
  if (file) {
    names[name] = file;
  } else {
    names.erase(name);
  }
}

}  // namespace

void FileBytes::write(std::size_t offset, std::string_view bytes) {
  seen_.write(offset, bytes);
  unsynced_.push_back({false, offset, std::string(bytes)});
}

void FileBytes::truncate(std::size_t size) {
  seen_.resize(size);
  unsynced_.push_back({true, size, {}});
}

void FileBytes::sync() {
  for (const Change& change : unsynced_) {
    if (change.is_truncation) {
      durable_.resize(change.offset);
    } else {
      durable_.share(seen_, change.offset, change.bytes.size());
    }
  }
  durable_.resize(seen_.size());
  unsynced_.clear();
}

PagedBytes FileBytes::settled(Random& random) const {
  PagedBytes medium = durable_;
  for (const Change& change : unsynced_) {
    if (!change.is_truncation) {
      write_by_chance(medium, change.offset, change.bytes, random);
    } else if (by_chance(random)) {
      medium.resize(change.offset);
    }
  }
  return medium;
}

void FileBytes::fail_sync(Random& random) {
  durable_ = settled(random);
  unsynced_.clear();
}

FileBytes FileBytes::after_power_loss(Random& random) const { return durable(settled(random)); }

FileBytes FileBytes::durable(PagedBytes bytes) {
  FileBytes made;
  made.seen_ = std::move(bytes);
  made.durable_ = made.seen_;
  return made;
}

void SimulatedFile::leave(FileUser& user) {
  unmap(user);
  std::erase(users_, &user);
}

bool SimulatedFile::others_hold(const FileUser& user, int least) const {
  return std::any_of(users_.begin(), users_.end(), [&](const FileUser* other) { return other != &user && other->lock >= least; });
}

bool SimulatedFile::lock(FileUser& user, int level) {
  if (user.lock >= level) return true;
  if (level == SQLITE_LOCK_SHARED) {
    if (others_hold(user, SQLITE_LOCK_PENDING)) return false;
  } else if (others_hold(user, SQLITE_LOCK_RESERVED)) {
    return false;
  }
  if (level == SQLITE_LOCK_EXCLUSIVE && others_hold(user, SQLITE_LOCK_SHARED)) {
    // No new reader comes in; those that there are finish.
    user.lock = SQLITE_LOCK_PENDING;
    return false;
  }
  user.lock = level;
  return true;
}

bool SimulatedFile::is_reserved() const {
  return std::any_of(users_.begin(), users_.end(), [](const FileUser* user) { return user->lock >= SQLITE_LOCK_RESERVED; });
}

bool SimulatedFile::lock_slots(FileUser& user, std::uint32_t slots, bool exclusively) const {
  for (const FileUser* other : users_) {
    if (other == &user) continue;
    if ((other->exclusive_slots & slots) != 0) return false;
    if (exclusively && (other->shared_slots & slots) != 0) return false;
  }
  (exclusively ? user.exclusive_slots : user.shared_slots) |= slots;
  return true;
}

char* SimulatedFile::map(FileUser& user, std::size_t region, std::size_t region_bytes, bool may_extend) {
  user.has_shared_memory = true;
  if (region >= regions_.size()) {
    if (!may_extend) return nullptr;
    while (regions_.size() <= region) regions_.emplace_back(region_bytes, '\0');
  }
  return regions_[region].data();
}

void SimulatedFile::unmap(FileUser& user) {
  user.shared_slots = 0;
  user.exclusive_slots = 0;
  user.has_shared_memory = false;
  const bool is_used = std::any_of(users_.begin(), users_.end(), [](const FileUser* one) { return one->has_shared_memory; });
  if (!is_used) regions_.clear();
}

std::shared_ptr<SimulatedFile> SimulatedFolder::find(std::string_view name) const {
  const auto found = seen_.find(name);
  return found == seen_.end() ? nullptr : found->second;
}

std::shared_ptr<SimulatedFile> SimulatedFolder::make(std::string_view name) {
  auto file = std::make_shared<SimulatedFile>();
  seen_[std::string(name)] = file;
  unsynced_.push_back({std::string(name), file});
  return file;
}

bool SimulatedFolder::remove(std::string_view name) {
  const auto found = seen_.find(name);
  if (found == seen_.end()) return false;
  seen_.erase(found);
  unsynced_.push_back({std::string(name), nullptr});
  return true;
}

void SimulatedFolder::sync() {
  durable_ = seen_;
  unsynced_.clear();
}

std::shared_ptr<SimulatedFolder> SimulatedFolder::after_kill() const {
  std::map<const SimulatedFile*, std::shared_ptr<SimulatedFile>> copies;
  const auto copy_of = [&](const std::shared_ptr<SimulatedFile>& file) {
    if (!file) return file;
    auto& copy = copies[file.get()];
    if (!copy) copy = std::make_shared<SimulatedFile>(file->bytes);
    return copy;
  };
  auto left = std::make_shared<SimulatedFolder>();
  for (const auto& [name, file] : seen_) left->seen_[name] = copy_of(file);
  for (const auto& [name, file] : durable_) left->durable_[name] = copy_of(file);
  for (const Change& change : unsynced_) left->unsynced_.push_back({change.name, copy_of(change.file)});
  return left;
}

std::shared_ptr<SimulatedFolder> SimulatedFolder::after_power_loss(Random& random) const {
  Names names = durable_;
  for (const Change& change : unsynced_) {
    if (by_chance(random)) apply(names, change.name, change.file);
  }
  auto left = std::make_shared<SimulatedFolder>();
  for (const auto& [name, file] : names)
    left->seen_[name] = std::make_shared<SimulatedFile>(file->bytes.after_power_loss(random));
  left->durable_ = left->seen_;
  return left;
}

void SimulatedFolder::put(std::string_view name, const PagedBytes& bytes) {
  seen_[std::string(name)] = durable_[std::string(name)] = std::make_shared<SimulatedFile>(FileBytes::durable(bytes));
}

}  // namespace seamline::test
