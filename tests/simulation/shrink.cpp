#include "shrink.hpp"

#include <algorithm>

namespace seamline::simulation {
namespace {

class Shrinking {
 public:
  Shrinking(Workers& workers, RunOptions options, const RunResult& failed, int most_runs)
      : workers_(workers), best_(std::move(options)), faults_(failed.faults), left_(most_runs) {}

  RunOptions smallest() {
    drop_kinds();
    drop_orders();
    drop_faults();
    drop_orders();
    return best_;
  }

 private:
  /// Keeps it where it fails too.
  bool fails(const RunOptions& options) {
    if (left_-- <= 0) return false;
    const RunResult result = workers_.run_one(options);
    if (result.failure.empty()) return false;
    best_ = options;
    faults_ = result.faults;
    return true;
  }

  void drop_kinds() {
    for (std::size_t i = 0; i < fault_names.size(); ++i) {
      const auto fault = static_cast<Fault>(i);
      if (!best_.faults.has(fault)) continue;
      RunOptions fewer = best_;
      fewer.faults = best_.faults.without(fault);
      (void)fails(fewer);
    }
  }

  void drop_orders() {
    for (int step = best_.orders / 2; step > 0; step /= 2) {
      for (bool goes_on = true; goes_on && best_.orders > step;) {
        RunOptions fewer = best_;
        fewer.orders -= step;
        goes_on = fails(fewer);
      }
    }
  }

  void drop_faults() {
    for (std::size_t part = std::max<std::size_t>(1, faults_.size() / 2); part > 0; part /= 2) {
      for (std::size_t at = 0; at < faults_.size();) {
        RunOptions fewer = best_;
        fewer.faults.only.emplace();
        for (std::size_t i = 0; i < faults_.size(); ++i) {
          if (i < at || i >= at + part) fewer.faults.only->insert(faults_[i]);
        }
        if (!fails(fewer)) at += part;
      }
    }
  }

  Workers& workers_;
  RunOptions best_;
  /// What has happened in the best run.
  std::vector<std::int64_t> faults_;
  int left_;
};

}  // namespace

RunOptions shrink(Workers& workers, RunOptions options, const RunResult& failed, int most_runs) {
  return Shrinking(workers, std::move(options), failed, most_runs).smallest();
}

}  // namespace seamline::simulation
