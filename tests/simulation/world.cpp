#include "world.hpp"

#include <algorithm>
#include <stdexcept>

#include "base/fault.hpp"
#include "base/transaction_mark.hpp"
#include "checks.hpp"

namespace seamline::simulation {
namespace {

/// Who follows whose log.
const std::map<std::string, std::vector<std::string>> publishers_of{
    {"user", {}}, {"order", {"inventory", "payment"}}, {"payment", {"inventory", "order"}}, {"inventory", {"order", "payment"}}};

/// Simulated time within which all orders must have been made, and after that all must have come to rest.
constexpr std::int64_t most_shopping_ms = 600'000;
constexpr std::int64_t most_settling_ms = 900'000;
/// Longer than a message is under way.
constexpr std::int64_t least_settling_ms = 10'000;

}  // namespace

World::World(const RunOptions& options, const Template& start, std::FILE* trace_file)
    : options_(options),
      start_(start),
      disk_(options.seed),
      trace_(trace_file),
      scheduler_(trace_),
      random_(options.seed),
      interruptions_(options.seed ^ 0x9E3779B97F4A7C15ULL),
      faults_(options_.faults, random_),
      network_(scheduler_, faults_, random_, trace_) {
  draw_settings();
  modules_ = settings_.modules();
  make_processes();
  customers_ = std::make_unique<Customers>(Customers::World{scheduler_, network_, trace_, history_}, start.users(),
                                           options.orders, random_.next_u64());
  observe();
}

void World::observe() {
  fault::make_mistakes(options_.mistakes);
  fault::observe_stop([](const char* what) { throw std::runtime_error(std::string("the process stops: ") + what); });
  fault::observe_crash_points([this](std::string_view scope, std::string_view point) {
    Process* process = running_process();
    if (process == nullptr) return;
    if (process->reach_crash_point()) return died_within(*process, std::string(scope) + "/" + std::string(point));
    interrupt();
  });
  disk_.observe([this](test::DiskOperation operation, std::string_view path) {
    Process* process = running_process();
    if (process == nullptr || !process->reach_disk_operation()) return;
    const auto name = path.substr(path.rfind('/') + 1);
    died_within(*process, "disk " + std::string(test::name_of(operation)) + " " + std::string(name));
  });
}

void World::interrupt() {
  // A command runs to its end: all others would wait for the writer, whom nobody takes off a processor for long.
  if (scheduler_.current() == nullptr || scheduler_.current()->group().is_rushed() || inside_transaction) return;
  if (interruptions_.below(100) == 0) scheduler_.pause(static_cast<std::int64_t>(interruptions_.below(20'000)) * 1'000);
}

Process* World::running_process() {
  if (scheduler_.current() == nullptr) return starting_;
  for (const auto& process : processes_) {
    if (process->is_up() && &process->peer() == &scheduler_.current()->group()) return process.get();
  }
  return nullptr;
}

void World::died_within(Process& process, const std::string& place) {
  trace_.line(scheduler_.now_ns(), "died", place);
  ++result_.counts["within " + place];
  restart_later(process);
}

World::~World() {
  fault::observe_crash_points({});
  fault::observe_stop({});
  fault::make_mistakes("");
}

std::int64_t World::draw(std::int64_t least, std::int64_t most) {
  return least + static_cast<std::int64_t>(random_.below(static_cast<std::uint64_t>(most - least + 1)));
}

std::int64_t World::draw_distance() {
  // Near ones as often as far ones: a start passes few crash points, an hour of work very many.
  return draw(1, std::int64_t{1} << draw(0, 9));
}

Death World::draw_death() { return draw(0, 1) == 0 ? Death::kill : Death::power_loss; }

void World::draw_settings() {
  settings_.user.password_memory_kib = 7'168;
  settings_.user.password_passes = 1;
  settings_.order.deadline_ms = draw(4'000, 30'000);
  settings_.order.draft_ms = draw(5'000, 40'000);
  settings_.inventory.reservation_ms = draw(3'000, 40'000);
  settings_.payment.retry_ms = draw(100, 1'500);
  host::HostOptions& host = settings_.host;
  const std::array<std::size_t, 4> queues{2, 16, 256, 4096};
  host.consumer_queue_entries = queues[random_.below(queues.size())];
  host.store.checkpoint_pages = draw(0, 2) == 0 ? draw(4, 60) : 1000;
  host.store.writer.batch_cap = static_cast<std::size_t>(draw(0, 3) == 0 ? draw(1, 8) : 64);
  host.store.writer.max_queued = static_cast<std::size_t>(draw(0, 7) == 0 ? draw(1, 4) : 1024);
  host.puller.read_entries = draw(0, 3) == 0 ? draw(1, 8) : 256;
  host.follower.read_entries = draw(0, 3) == 0 ? draw(1, 8) : 1000;
  host.follower.wait_ms = draw(500, 25'000);
  host.timers.grace_ms = draw(500, 5'000);
  host.timer_poll_ms = 250;
}

void World::make_processes() {
  disk_.put(start_.stores(), start_.data_dir().string());
  settings_.host.data_dir = start_.data_dir();
  const auto drawn = static_cast<int>(random_.below(16));
  const int placement = options_.placement < 0 ? drawn : options_.placement;
  const Surroundings surroundings{scheduler_, network_, disk_, trace_, settings_, modules_};
  std::set<std::string> local;
  const auto add = [&](const std::string& name, const std::set<std::string>& hosted, bool is_main) {
    processes_.push_back(std::make_unique<Process>(surroundings, name, hosted, is_main, random_.next_u64()));
  };
  for (std::size_t i = 0; i < module_names.size(); ++i) {
    const std::string name(module_names[i]);
    if ((static_cast<unsigned>(placement) >> i & 1U) != 0) {
      add(name, {name}, false);
    } else {
      local.insert(name);
    }
  }
  add("shop", local, true);
  trace_.line(0, "placement", placement);
}

void World::fail(const std::string& what) {
  result_.failure += what + "\n";
  trace_.line(scheduler_.now_ns(), "failure", what);
}

void World::start(Process& process) {
  starting_ = &process;
  const auto started = process.start();
  starting_ = nullptr;
  if (!started) throw std::runtime_error(process.name() + " does not start: " + started.error().detail);
}

RunResult World::run() {
  try {
    for (const auto& process : processes_) start(*process);
    customers_->start();
    if (!options_.faults.is_empty()) {
      scheduler_.spawn(group_, "breaker", draw(0, 3'000) * ns_in_ms, [this] { break_things(); });
    }
    // An audit costs a fifth of a run.
    std::int64_t next_look_ns = draw(0, 7) == 0 ? draw(1'000, 30'000) * ns_in_ms : never_ns;
    while (!customers_->have_finished()) {
      if (!scheduler_.run_next()) throw std::runtime_error("nothing is left to run, and customers wait");
      look_after_processes();
      if (scheduler_.now_ns() > next_look_ns && look_at_work()) next_look_ns = never_ns;
      if (scheduler_.now_ns() > most_shopping_ms * ns_in_ms) throw std::runtime_error("customers get no answer");
    }
    run_until_quiet();
    count_orders();
    if (const std::string found = check(start_.data_dir(), history_, result_.examined); !found.empty()) fail(found);
    shut_down();
  } catch (const std::exception& problem) {
    fail(problem.what());
    result_.is_broken = true;
  }
  result_.trace_hash = trace_.hash();
  result_.trace_lines = trace_.lines();
  result_.simulated_ms = scheduler_.now_ns() / ns_in_ms;
  result_.requests = network_.requests();
  result_.faults = faults_.happened();
  for (std::size_t i = 0; i < fault_names.size(); ++i) {
    if (const auto count = faults_.count(static_cast<Fault>(i)); count > 0) result_.counts[std::string(fault_names[i])] = count;
  }
  return result_;
}

void World::count_orders() {
  std::int64_t confirmed = 0;
  host_of("order").store_of("order").read([&](store::View& view) {
    auto row = view.rows().query("SELECT status, count(*) FROM orders GROUP BY status ORDER BY status");
    while (row.next()) {
      result_.counts["orders " + std::string(row.text(0))] = row.integer(1);
      if (row.text(0) == "confirmed") confirmed = row.integer(1);
    }
  });
  // The audit finds nothing wrong with a shop that cancels all its orders.
  if (options_.faults.is_empty() && options_.orders >= 20 && confirmed == 0)
    fail("nothing went wrong, and no order was confirmed");
}

bool World::look_at_work() {
  if (!are_all_up()) return false;
  if (const std::string found = check_at_work(start_.data_dir(), result_.examined); !found.empty()) fail(found);
  return true;
}

bool World::are_all_up() const {
  return std::all_of(processes_.begin(), processes_.end(), [](const auto& process) { return process->is_up(); });
}

void World::look_after_processes() {
  for (const auto& process : processes_) {
    if (process->is_up() && process->peer().is_dead()) process->bury();
  }
  for (Process* process : std::exchange(to_stop_, {})) {
    if (!process->is_up()) continue;
    process->stop();
    restart_later(*process);
  }
  for (Process* process : std::exchange(to_start_, {})) {
    if (process->is_up()) continue;
    // A second death while it recovers from the first.
    if (faults_.happens(Fault::step, 100'000)) process->arm_crash_point(draw_distance(), draw_death());
    if (faults_.happens(Fault::write, 100'000)) process->arm_disk_operation(draw_distance(), draw_death());
    start(*process);
    if (process->peer().is_dead()) process->bury();
  }
}

void World::restart_later(Process& process) {
  const std::int64_t down_ms = draw(0, 3) == 0 ? draw(1'000, 12'000) : draw(1, 1'000);
  scheduler_.spawn(group_, "restart", down_ms * ns_in_ms, [this, &process] { to_start_.push_back(&process); });
}

void World::crash(Process& process, Death death) {
  process.die(death);
  restart_later(process);
}

void World::set_weather() {
  network_.set_weather({});
  // Most of the time messages come through, or nothing would ever happen that could go wrong.
  if (draw(0, 2) == 0) return;
  network_.set_weather({draw(0, 40'000), draw(0, 40'000), draw(0, 60'000), draw(0, 80'000)});
}

void World::break_things() {
  const std::int64_t mean_ms = draw(500, 5'000);
  const std::int64_t until_ns = scheduler_.now_ns() + draw(3'000, 30'000) * ns_in_ms;
  while (!customers_->have_finished() && scheduler_.now_ns() < until_ns) {
    set_weather();
    break_one();
    scheduler_.pause(draw(1, 2 * mean_ms) * ns_in_ms);
  }
  cease();
}

void World::cease() {
  if (faults_.have_ceased()) return;
  faults_.cease();
  network_.heal();
  network_.set_weather({});
  for (const auto& process : processes_) {
    process->arm_crash_point(0, Death::kill);
    process->arm_disk_operation(0, Death::kill);
  }
  trace_.line(scheduler_.now_ns(), "faults cease");
}

void World::break_one() {
  Process& process = *processes_[random_.below(processes_.size())];
  const auto fault = static_cast<Fault>(random_.below(static_cast<std::uint64_t>(Fault::lose)));
  const std::int64_t duration_ms = draw(0, 2) == 0 ? draw(1'000, 9'000) : draw(1, 1'000);
  const std::int64_t choice = draw_distance();
  const Death death = draw_death();
  if (!process.is_up() || process.peer().is_dead() || !faults_.happens(fault, 1'000'000)) return;
  trace_.line(scheduler_.now_ns(), "break", process.name(), name_of(fault), duration_ms);
  switch (fault) {
    case Fault::kill: return crash(process, Death::kill);
    case Fault::power: return crash(process, Death::power_loss);
    case Fault::step: return process.arm_crash_point(choice, death);
    case Fault::write: return process.arm_disk_operation(choice, death);
    case Fault::stop: return to_stop_.push_back(&process);
    case Fault::stall: return process.peer().stall_until(scheduler_.now_ns() + duration_ms * ns_in_ms);
    case Fault::jump: return process.clock().jump_ms(choice % 2 == 0 ? duration_ms : -duration_ms);
    default: break;
  }
  Process& other = *processes_[static_cast<std::size_t>(choice) % processes_.size()];
  network_.part(process.name(), &other == &process ? customers_->group().name() : other.name(),
                scheduler_.now_ns() + duration_ms * ns_in_ms);
}

void World::run_until_quiet() {
  cease();
  const std::int64_t began_ns = scheduler_.now_ns();
  std::int64_t next_look_ns = began_ns + least_settling_ms * ns_in_ms;
  for (;;) {
    if (!scheduler_.run_next()) throw std::runtime_error("nothing is left to run");
    look_after_processes();
    if (scheduler_.now_ns() < next_look_ns) continue;
    if (is_quiet()) return;
    if (scheduler_.now_ns() > began_ns + most_settling_ms * ns_in_ms) {
      fail("the shop does not come to rest");
      return;
    }
    next_look_ns = scheduler_.now_ns() + 1'000 * ns_in_ms;
  }
}

bool World::is_quiet() {
  return are_all_up() &&
         std::all_of(publishers_of.begin(), publishers_of.end(), [this](const auto& entry) { return has_settled(entry.first); });
}

host::Host& World::host_of(const std::string& module) {
  for (const auto& process : processes_) {
    if (process->hosted().contains(module)) return process->host();
  }
  throw std::logic_error("no process hosts " + module);
}

bool World::has_settled(const std::string& module) {
  return host_of(module).store_of(module).read([&](store::View& view) {
    const auto has_rows = [&](store::Sql sql) { return view.rows().query(sql).next(); };
    if (has_rows("SELECT 1 FROM timers LIMIT 1")) return false;
    if (module == "payment" && has_rows("SELECT 1 FROM provider_work LIMIT 1")) return false;
    if (module == "payment" && has_rows("SELECT 1 FROM unpriced_orders LIMIT 1")) return false;
    for (const std::string& publisher : publishers_of.at(module)) {
      auto row = view.rows().query("SELECT seq FROM cursors WHERE publisher = $1", publisher);
      const std::int64_t applied = row.next() ? row.integer(0) : 0;
      if (applied != host_of(publisher).store_of(publisher).log().head().seq) return false;
    }
    return true;
  });
}

void World::shut_down() {
  faults_.cease();
  for (const auto& process : processes_) {
    if (process->is_up()) process->stop();
  }
  customers_->group().rush();
  scheduler_.finish(customers_->group());
  group_.rush();
  scheduler_.finish(group_);
}

}  // namespace seamline::simulation
