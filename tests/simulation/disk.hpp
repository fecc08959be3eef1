#pragma once

#include <filesystem>

namespace seamline::simulation {

/// The disk of one process: a folder in memory that outlives its lives.
class Disk {
 public:
  /// `root` is made, and removed with the disk.
  explicit Disk(std::filesystem::path root) : root_(std::move(root)) { std::filesystem::create_directories(folder()); }
  ~Disk() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  Disk(const Disk&) = delete;
  Disk& operator=(const Disk&) = delete;

  /// Where the process that runs now keeps its data.
  std::filesystem::path folder() const { return root_ / std::to_string(lives_); }
  /// Puts a module's files there.
  void put(const std::filesystem::path& module_folder) {
    std::filesystem::copy(module_folder, folder() / module_folder.filename(), std::filesystem::copy_options::recursive);
  }
  /// What was written is kept for the next life; what the process that has died writes from here on is seen by nobody.
  void detach() {
    const std::filesystem::path before = folder();
    ++lives_;
    std::filesystem::create_directories(folder());
    for (const auto& entry : std::filesystem::recursive_directory_iterator(before)) {
      const auto to = folder() / entry.path().lexically_relative(before);
      if (entry.is_directory()) std::filesystem::create_directories(to);
      // The index of a write-ahead log is gone with the process, as it is rebuilt by the next.
      if (entry.is_regular_file() && entry.path().extension() != ".db-shm") std::filesystem::copy_file(entry.path(), to);
    }
  }
  /// The process that has died writes nothing more.
  void forget_detached() {
    std::error_code ignored;
    for (int life = 0; life < lives_; ++life) std::filesystem::remove_all(root_ / std::to_string(life), ignored);
  }

 private:
  const std::filesystem::path root_;
  int lives_ = 0;
};

}  // namespace seamline::simulation
