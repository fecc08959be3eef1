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
  /// `root` is made, and removed with it.
  explicit Template(std::filesystem::path root);
  ~Template();
  Template(const Template&) = delete;
  Template& operator=(const Template&) = delete;

  std::filesystem::path module_folder(const std::string& module) const { return root_ / module; }
  const std::vector<std::string>& users() const { return users_; }

 private:
  const std::filesystem::path root_;
  std::vector<std::string> users_;
};

}  // namespace seamline::simulation
