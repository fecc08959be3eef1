#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include "audit/cut.hpp"
#include "audit/report.hpp"
#include "base/result.hpp"

namespace seamline::audit {

inline constexpr ErrorCode unreadable{"audit.unreadable", Kind::unavailable};

/// What is audited.
struct Options {
  Stores stores;
  /// What the clients saw; without it that is not in the answer.
  std::optional<std::filesystem::path> history;
  Mode mode = Mode::quiet;
  /// Everything on the caller's thread: a simulated disk is for one.
  bool single_threaded = false;
  /// Told now and then how many orders have been examined, and how many there are. On the caller's thread.
  std::function<void(std::int64_t examined, std::int64_t orders)> progress;
};

/// The audit of a shop's stores, as README.md beside this file describes it. It only reads, whether the shop runs or not, and may
/// run any number of times and beside others. Takes a second thread for the logs unless it may not, some 300 MiB at most and, for
/// large stores, space for sorting, and for copies of those on a server, where SQLite keeps temporary files. Errors:
/// audit.unreadable, with what to do. A store that is no sound database is no error but a violation of K1; what could not be read
/// behind it is vacuous.
Result<Report> audit(const Options& options);

}  // namespace seamline::audit
