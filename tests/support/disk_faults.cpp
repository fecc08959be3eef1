#include "support/disk_faults.hpp"

#include <algorithm>
#include <numeric>

namespace seamline::test {

bool is_below(std::string_view path, std::string_view folder) {
  return folder.empty() || (path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/'));
}

std::int64_t DiskFaults::count() const { return std::accumulate(counts_.begin(), counts_.end(), std::int64_t{0}); }

void DiskFaults::observe(SimulatedDisk::Observer observer) {
  observer_ = observer ? std::make_shared<const SimulatedDisk::Observer>(std::move(observer)) : nullptr;
}

bool DiskFaults::fits(const DiskFault& fault, DiskOperation operation, std::string_view path) {
  const auto& wanted = fault.operations;
  return (wanted.empty() || std::find(wanted.begin(), wanted.end(), operation) != wanted.end()) && is_below(path, fault.folder);
}

DiskFaults::Failure DiskFaults::meet(DiskOperation operation, std::string_view path, int own_code) {
  ++counts_[static_cast<std::size_t>(operation)];
  if (const auto observer = observer_) (*observer)(operation, path);
  Failure failure;
  for (Armed& armed : armed_) {
    if (!fits(armed.fault, operation, path)) continue;
    ++armed.met;
    const bool is_hit = armed.fault.lasting ? armed.met >= armed.fault.nth : armed.met == armed.fault.nth;
    if (is_hit && failure.code == 0) failure = {armed.fault.code == 0 ? own_code : armed.fault.code, armed.fault.half_written};
  }
  if (failure.code != 0) ++failed_;
  return failure;
}

}  // namespace seamline::test
