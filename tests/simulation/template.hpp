#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "process.hpp"

namespace seamline::simulation {

/// What every run begins with: the stores of a shop that has users and products, made once. Registering a user and migrating a
/// store cost more than a whole run.
class Template {
 public:
  /// `data_dir` is made, and removed with it: for what is no store (locks, the key that seals keys). Runs use it too.
  explicit Template(std::filesystem::path data_dir);
  /// The same with a folder of its own, for another process.
  Template(const Template& other, std::filesystem::path data_dir);
  ~Template();
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  const std::filesystem::path& data_dir() const { return data_dir_; }
  const test::DiskImage& stores() const { return stores_; }
  const std::vector<std::string>& users() const { return users_; }

 private:
  void make();

  const std::filesystem::path data_dir_;
  test::DiskImage stores_;
  std::vector<std::string> users_;
};

}  // namespace seamline::simulation
