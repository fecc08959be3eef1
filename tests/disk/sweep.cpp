#include "disk/sweep.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <new>
#include <stdexcept>

#include "audit/audit.hpp"
#include "base/fault.hpp"
#include "base/transaction_mark.hpp"
#include "disk/customers.hpp"

namespace seamline::test {
namespace {

/// What a child leaves for its parent, in memory that both have.
struct Board {
  DayEnding ending = DayEnding::unclear;
  char message[1'000] = "";
  char problems[4'000] = "it died";
  std::int64_t operations[disk_operations] = {};
  bool was_hit = false;
  int answered = 0;
  bool is_to_be_audited = false;
};

template <std::size_t Size>
void write_down(char (&into)[Size], const std::string& text) {
  const std::size_t length = std::min(text.size(), Size - 1);
  std::memcpy(into, text.data(), length);
  into[length] = '\0';
}

/// The child's side of a day. However the day ends, by `ended` the process ends, without unwinding the shop that has died.
class Day {
 public:
  Day(const DayPlan& plan, const std::filesystem::path& folder, Board& board)
      : plan_(plan), folder_(folder), board_(board), disk_(plan.seed) {}

  [[noreturn]] void live() {
    prepare();
    std::string refusal;
    try {
      Shop shop(options(plan_.seed));
      try {
        customers_.spend_day(shop);
        shop.stop();
      } catch (const store::StorageError&) {
        throw;
      } catch (const std::runtime_error& problem) {
        refusal = problem.what();
      }
    } catch (const store::StorageError& problem) {
      ended(DayEnding::unclear, std::string("an exception that nobody expects: ") + problem.what());
    } catch (const std::runtime_error& problem) {
      refusal = problem.what();
    } catch (const std::exception& problem) {
      ended(DayEnding::unclear, std::string("an exception that nobody expects: ") + problem.what());
    }
    ended(refusal.empty() ? DayEnding::survived : DayEnding::refused, refusal);
  }

 private:
  void prepare() {
    disk_.draw_fate(plan_.fate);
    disk_.ignore_syncs(plan_.ignores_syncs);
    if (plan_.fault) disk_.inject(*plan_.fault);
    fault::observe_stop([this](const char* what_happened) { ended(DayEnding::stopped, what_happened); });
    disk_.observe([this](DiskOperation, std::string_view) {
      if (disk_.count() == plan_.power_lost_at || disk_.count() == plan_.killed_at) ended(DayEnding::cut, "");
    });
  }

  ShopOptions options(std::uint64_t seed) const {
    ShopOptions chosen;
    chosen.seed = seed;
    chosen.data_dir = folder_;
    chosen.inventory.reservation_ms = 30'000;
    chosen.checkpoint_pages = 40;
    return chosen;
  }

  /// The day is over, and the process that lived it is dead from here on.
  [[noreturn]] void ended(DayEnding ending, const std::string& message) {
    board_.ending = ending;
    write_down(board_.message, message);
    for (std::size_t i = 0; i < disk_operations; ++i) board_.operations[i] = disk_.count(static_cast<DiskOperation>(i));
    board_.was_hit = disk_.failed() > 0;
    board_.answered = customers_.answered();
    strike();
    recover();
  }

  void strike() {
    disk_.observe({});
    disk_.mend();
    if (plan_.loses_power_after || plan_.power_lost_at) {
      disk_.lose_power(folder_.string());
    } else {
      disk_.kill(folder_.string());
    }
  }

  [[noreturn]] void recover() {
    if (plan_.cut_again_after && !was_cut_again_) {
      disk_.observe([this, at = disk_.count() + *plan_.cut_again_after](DiskOperation, std::string_view) {
        if (disk_.count() != at) return;
        was_cut_again_ = true;
        strike();
        recover();
      });
    }
    write_down(board_.problems, problems_afterwards());
    ::_exit(0);
  }

  std::string problems_afterwards() {
    fault::observe_stop([this](const char* what_happened) {
      write_down(board_.problems, std::string("on a disk that is well it stops: ") + what_happened);
      ::_exit(0);
    });
    inside_transaction = false;
    // The dead process would have released its locks.
    for (const char* module : {"user", "inventory", "payment", "order"}) {
      std::filesystem::remove(folder_ / module / "lock");
    }
    try {
      Shop shop(options(plan_.seed + 1'000'000));
      std::string problems = customers_.finish(shop);
      problems += customers_.check(shop);
      shop.stop();
      // For the audit, which looks at the machine's own disk.
      disk_.copy_out(folder_.string(), folder_.string());
      board_.is_to_be_audited = true;
      return problems;
    } catch (const std::exception& problem) {
      return std::string("on a disk that is well it fails: ") + problem.what();
    }
  }

  const DayPlan& plan_;
  const std::filesystem::path folder_;
  Board& board_;
  SimulatedDisk disk_;
  Customers customers_;
  bool was_cut_again_ = false;
};

/// What programs print when they die.
std::string read_and_close(int file) {
  std::string text(2'000, '\0');
  const ::ssize_t length = ::pread(file, text.data(), text.size(), 0);
  ::close(file);
  text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
  return text;
}

/// What the audit finds in the stores, a line for each invariant that does not hold; nothing of them is kept.
std::string violations(const std::filesystem::path& folder) {
  audit::Options options;
  for (std::size_t i = 0; i < audit::owners.size(); ++i) {
    options.stores[i] = folder / std::string(audit::name_of(audit::owners[i])) / "0.db";
  }
  const auto report = audit::audit(options);
  if (!report) return report.error().detail;
  std::string found;
  for (const audit::Check& check : report->checks) {
    if (check.outcome != audit::Outcome::violated) continue;
    found += std::string(check.invariant->code) + ": " + check.count.examples.at(0) + "\n";
  }
  return found;
}

DayReport report_of(const Board& board, int status, const std::string& printed) {
  DayReport report;
  report.ending = board.ending;
  report.message = board.message;
  report.problems = board.problems;
  std::copy(std::begin(board.operations), std::end(board.operations), report.operations);
  report.was_hit = board.was_hit;
  report.answered = board.answered;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    report.problems += " (status " + std::to_string(status) + "): " + printed;
  } else if (report.ending == DayEnding::unclear) {
    report.problems += report.message;
  }
  return report;
}

}  // namespace

DayReport run_day(const DayPlan& plan) {
  void* shared = ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const int printed = ::memfd_create("printed", 0);
  if (shared == MAP_FAILED || printed < 0) throw std::runtime_error("no memory for a child's report");
  const TemporaryFolder folder;
  auto* board = new (shared) Board;
  const ::pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) {
    ::dup2(printed, STDERR_FILENO);
    // Never destroyed: the process ends in it.
    (new Day(plan, folder.path(), *board))->live();
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  DayReport report = report_of(*board, status, read_and_close(printed));
  if (board->is_to_be_audited) report.problems += violations(folder.path());
  ::munmap(shared, sizeof(Board));
  return report;
}

}  // namespace seamline::test
