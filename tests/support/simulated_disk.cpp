#include "support/simulated_disk.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

#include "support/simulated_vfs.hpp"

namespace seamline::test {

std::string_view name_of(DiskOperation operation) {
  constexpr std::string_view names[disk_operations] = {"open",   "read",   "write", "sync", "truncate",
                                                       "remove", "access", "size",  "lock", "map_shared_memory"};
  return names[static_cast<std::size_t>(operation)];
}

SimulatedDisk::SimulatedDisk(std::uint64_t seed) : vfs_(std::make_unique<SimulatedVfs>(seed)) {}
SimulatedDisk::~SimulatedDisk() = default;

void SimulatedDisk::kill(std::string_view folder, Zombie zombie) { vfs_->crash(folder, zombie == Zombie::runs_on, false); }
void SimulatedDisk::lose_power(std::string_view folder, Zombie zombie) { vfs_->crash(folder, zombie == Zombie::runs_on, true); }
void SimulatedDisk::draw_fate(std::uint64_t seed) { vfs_->draw_fate(seed); }
void SimulatedDisk::restart(std::string_view folder) { vfs_->restart(folder); }

void SimulatedDisk::inject(DiskFault fault) { vfs_->faults().inject(std::move(fault)); }
void SimulatedDisk::mend() { vfs_->faults().mend(); }
std::int64_t SimulatedDisk::failed() const { return vfs_->faults().failed(); }
std::int64_t SimulatedDisk::count(DiskOperation operation) const { return vfs_->faults().count(operation); }
std::int64_t SimulatedDisk::count() const { return vfs_->faults().count(); }
void SimulatedDisk::observe(Observer observer) { vfs_->faults().observe(std::move(observer)); }
void SimulatedDisk::ignore_syncs(bool ignored) { vfs_->ignore_syncs(ignored); }

DiskImage SimulatedDisk::image(std::string_view folder) const {
  DiskImage image;
  vfs_->each_folder(folder, [&](const std::string& path, const SimulatedFolder& files) {
    const std::string within = path.size() > folder.size() ? path.substr(folder.size() + 1) + "/" : "";
    for (const auto& [name, file] : files.seen()) image[within + name] = file->bytes.seen();
  });
  return image;
}

void SimulatedDisk::put(const DiskImage& image, std::string_view folder) {
  vfs_->clear(folder);
  for (const auto& [within, bytes] : image) {
    const std::string whole = std::string(folder) + "/" + within;
    const auto [path, name] = split_path(whole);
    vfs_->folder(path)->put(name, bytes);
  }
}

bool SimulatedDisk::exists(std::string_view path) const { return vfs_->find(path) != nullptr; }

std::string SimulatedDisk::bytes(std::string_view path) const {
  const auto file = vfs_->find(path);
  if (!file) return {};
  std::string bytes(file->bytes.seen().size(), '\0');
  file->bytes.seen().read(0, bytes);
  return bytes;
}

void SimulatedDisk::copy_out(std::string_view folder, const std::string& into) const {
  for (const auto& [within, ignored] : image(folder)) {
    const std::filesystem::path target = std::filesystem::path(into) / within;
    std::filesystem::create_directories(target.parent_path());
    std::ofstream out(target, std::ios::binary | std::ios::trunc);
    out << bytes(std::string(folder) + "/" + within);
    if (!out.flush()) throw std::runtime_error("cannot write " + target.string());
  }
}

}  // namespace seamline::test
