// Figures of the kernel without HTTP: bench_kernel [sagas|short|seam|events|stepped]… Each prints lines of `name value unit`.
// Over PostgreSQL: tests/support/postgres_server.py -- bench_kernel short.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <thread>
#include <unistd.h>

#include "base/random.hpp"
#include "host/host.hpp"
#include "inventory/contract.hpp"
#include "inventory/module.hpp"
#include "order/contract.hpp"
#include "order/module.hpp"
#include "payment/module.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_storage.hpp"
#include "user/contract.hpp"
#include "user/module.hpp"

using namespace seamline;

namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) { return std::chrono::duration<double>(SteadyClock::now() - start).count(); }

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void print(const char* name, double value, const char* unit) { std::printf("%-44s %12.3f %s\n", name, value, unit); }

/// The median of an fdatasync after a small overwrite: what a commit waits for on this disk.
double fdatasync_p50_us(const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "probe";
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT, 0600);
  std::vector<char> block(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 101; ++i) {
    if (::pwrite(file, block.data(), block.size(), 0) < 0) break;
    const auto start = SteadyClock::now();
    ::fdatasync(file);
    times.push_back(seconds_since(start) * 1e6);
  }
  ::close(file);
  std::filesystem::remove(path);
  std::sort(times.begin(), times.end());
  return times.empty() ? 0 : times[times.size() / 2];
}

CallContext as_admin() {
  CallContext context;
  context.caller.role = Role::admin;
  return context;
}

/// The four modules with their threads, over a folder of their own.
struct Shop {
  explicit Shop(bool threads = true) : host(options(folder, threads), Clock::system(), Random::system()) {
    user::Settings users;
    users.password_memory_kib = 7'168;
    users.password_passes = 1;
    for (const auto& spec : {user::module(users), inventory::module({}), payment::module({}), order::module({})}) {
      if (auto added = host.add(spec); !added) throw std::runtime_error(added.error().detail);
    }
    orders = &host.port<order::OrderContract>("bench");
    auto& user_port = host.port<user::UserContract>("bench");
    auto& products = host.port<inventory::InventoryContract>("bench");
    host.start();
    customer = user_port.call(as_admin(), user::RegisterUser{"ada@example.org", {"open sesame 42"}, "Ada"}).value().id;
    for (int i = 0; i < 100; ++i) {
      (void)products.call(as_admin(), inventory::AddProduct{{"p" + std::to_string(i)}, "A product", 250, "EUR", 1'000'000'000})
          .value();
    }
  }
  static host::HostOptions options(const test::TemporaryFolder& folder, bool threads) {
    host::HostOptions options;
    options.threads = threads;
    options.data_dir = folder.path();
    options.storage = test::storage_for_all(options.data_dir, {"user", "inventory", "payment", "order"});
    return options;
  }

  order::Counts counts() { return orders->call(as_admin(), order::CountOrders{}).value(); }

  test::TemporaryFolder folder;
  host::Host host;
  Port<order::OrderContract>* orders = nullptr;
  user::UserId customer;
};

enum class Keys : bool { none, random };

/// Full sagas, each from the call to its end, with `callers` threads; each waits for its order to end before the next. With
/// idempotency keys a saga writes their records too; a random key changes a page of their index that no other order changes.
void bench_sagas(int callers, int sagas, Keys keys) {
  Shop shop;
  std::atomic<int> left{sagas};
  std::vector<std::vector<double>> latencies(static_cast<std::size_t>(callers));
  const auto run = [&](std::vector<double>& mine, int number) {
    SeededRandom random(static_cast<std::uint64_t>(number));
    CallContext context = as_admin();
    context.wait_ms = 10'000;
    while (left.fetch_sub(1) > 0) {
      const order::PlaceOrder operation{
          {{{"p" + std::to_string(random.below(100))}, 1}, {{"p" + std::to_string(random.below(100))}, 2}},
          std::nullopt,
          shop.customer};
      if (keys == Keys::random) context.idempotency_key = std::to_string(random.next_u64());
      context.deadline = Clock::system().monotonic().plus_ms(20'000);
      const auto start = SteadyClock::now();
      const auto order = shop.orders->call(context, operation);
      mine.push_back(seconds_since(start) * 1e3);
      if (!order) throw std::runtime_error(order.error().detail);
    }
  };
  const double cpu_before = cpu_seconds();
  const auto start = SteadyClock::now();
  std::vector<std::thread> threads;
  for (int i = 0; i < callers; ++i) threads.emplace_back([&, i] { run(latencies[static_cast<std::size_t>(i)], i); });
  for (auto& thread : threads) thread.join();
  while (shop.counts().placed > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const double seconds = seconds_since(start);
  const double cpu = cpu_seconds() - cpu_before;
  std::vector<double> all;
  for (const auto& mine : latencies) all.insert(all.end(), mine.begin(), mine.end());
  std::sort(all.begin(), all.end());
  const std::string name = "sagas, " + std::to_string(callers) + " callers" + (keys == Keys::none ? ", no keys: " : ": ");
  print((name + "rate").c_str(), sagas / seconds, "sagas/s");
  print((name + "cpu").c_str(), cpu / sagas * 1000, "cpu s per 1000 sagas");
  print((name + "p50").c_str(), all[all.size() / 2], "ms");
  print((name + "p99").c_str(), all[all.size() * 99 / 100], "ms");
  print("fdatasync p50", fdatasync_p50_us(shop.folder.path()), "us");
}

/// The same in one thread, for a profiler that counts instructions: commits are smaller, the work for each order is the same.
void bench_stepped(int sagas) {
  Shop shop(false);
  SeededRandom random(1);
  const double cpu_before = cpu_seconds();
  for (int i = 0; i < sagas; ++i) {
    CallContext context = as_admin();
    context.idempotency_key = std::to_string(random.next_u64());
    const order::PlaceOrder operation{
        {{{"p" + std::to_string(random.below(100))}, 1}, {{"p" + std::to_string(random.below(100))}, 2}},
        std::nullopt,
        shop.customer};
    if (auto placed = shop.orders->call(context, operation); !placed) throw std::runtime_error(placed.error().detail);
    if (i % 64 == 63 || i + 1 == sagas) (void)shop.host.run_until_quiet();
  }
  print("sagas, one thread: cpu", (cpu_seconds() - cpu_before) / sagas * 1000, "cpu s per 1000 sagas");
}

/// An operation that costs nothing, so that what is measured is the way to it.
struct Ping {
  std::int64_t number = 0;
  struct Pong {
    std::int64_t number = 0;
    static constexpr std::tuple fields{Field{"number", &Pong::number, "The same."}};
  };
  using Reply = Pong;
  static constexpr std::string_view name = "bench.ping";
  static constexpr std::string_view summary = "Answer at once";
  static constexpr Route route{Verb::post, "/ping"};
  static constexpr Access access = Access::anyone;
  static constexpr Repeat repeat = Repeat::safe;
  static constexpr auto errors = no_errors;
  static constexpr std::tuple fields{Field{"number", &Ping::number, "Any."}};
};
struct PingContract : Contract<Operations<Ping>, Publishes<>> {
  static constexpr std::string_view module = "bench";
  static constexpr std::string_view topic = "bench";
};
struct PingModule final : Port<PingContract> {
  Result<Ping::Pong> call(const CallContext&, const Ping& operation) override { return Ping::Pong{operation.number}; }
};

void bench_seam() {
  constexpr int calls = 5'000'000;
  const auto time_ns = [](Port<PingContract>& port) {
    const CallContext context;
    std::int64_t sum = 0;
    const auto start = SteadyClock::now();
    for (int i = 0; i < calls; ++i) sum += port.call(context, Ping{i}).value().number;
    const double ns = seconds_since(start) * 1e9 / calls;
    if (sum == 0) std::abort();
    return ns;
  };
  PingModule module;
  seam::Seam<PingContract> seam("bench", module);
  print("a call of the port itself", time_ns(module), "ns");
  print("a call through the seam, metered", time_ns(seam), "ns");
}

/// Entries through the durable log to one subscriber that counts them in its store, many in one commit on both sides.
struct Tick {
  std::int64_t number = 0;
  std::string name;
  static constexpr EventType type{"publisher", "Tick", 1};
  std::string_view subject() const { return name; }
  static constexpr std::tuple fields{Field{"number", &Tick::number, "Any."}, Field{"name", &Tick::name, "Any."}};
};

void bench_events() {
  constexpr std::int64_t total = 400'000;
  constexpr std::int64_t in_one_command = 256;
  test::TemporaryFolder folder;
  IdSource ids(Clock::system(), Random::system());
  const auto open = [&](const std::string& module) {
    store::StoreOptions options;
    options.directory = folder.path() / module;
    options.module = module;
    options.storage = test::storage_for(options.directory);
    options.writer.batch_cap = 1024;
    return store::Store::open(options, store::all_migrations(), Clock::system(), ids.next()).value();
  };
  const auto publisher = open("publisher");
  const auto subscriber = open("subscriber");
  std::int64_t sum = 0;
  events::Handlers handlers;
  handlers.hear<Tick>([&](store::Transaction&, const Tick& tick) { sum += tick.number; });
  events::Puller puller(Clock::system(), {.read_entries = 1024});
  LoopThread* puller_thread = nullptr;
  seam::Gate gate;
  events::Consumer consumer("publisher", handlers.by_publisher().at("publisher"), *subscriber, gate,
                            {65'536, [&] {
                               if (puller_thread != nullptr) puller_thread->wake();
                             }});
  seam::Gate publisher_gate;
  events::LocalLogSource source(*publisher, publisher_gate);
  puller.add(consumer, source);
  publisher->writer().listen([&](const auto& entries) { consumer.offer(entries); });
  publisher->writer().start_thread();
  subscriber->writer().start_thread();
  LoopThread thread("puller", puller, 1000);
  puller_thread = &thread;
  const auto start = SteadyClock::now();
  for (std::int64_t first = 0; first < total; first += in_one_command) {
    (void)publisher->write({}, [&](store::Transaction& transaction) -> Result<void> {
      for (std::int64_t i = 0; i < in_one_command; ++i) transaction.publish(Tick{first + i, "tick"});
      return {};
    });
  }
  const double published = seconds_since(start);
  const std::int64_t last = publisher->log().head().seq;
  while (consumer.applied().seq < last) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  print("events published", static_cast<double>(last) / published, "events/s");
  print("events through the log to one subscriber", static_cast<double>(last) / seconds_since(start), "events/s");
  thread.stop();
  publisher->stop();
  subscriber->stop();
}

}  // namespace

int main(int count, char** arguments) {
  const std::vector<std::string> wanted(arguments + 1, arguments + count);
  const auto wants = [&](const char* name) {
    return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
  };
  if (wants("seam")) bench_seam();
  if (wants("events")) bench_events();
  if (std::find(wanted.begin(), wanted.end(), "stepped") != wanted.end()) bench_stepped(2'000);
  if (std::find(wanted.begin(), wanted.end(), "short") != wanted.end()) bench_sagas(64, 10'000, Keys::random);
  if (wants("sagas")) {
    bench_sagas(1, 2'000, Keys::random);
    bench_sagas(64, 60'000, Keys::random);
    bench_sagas(64, 60'000, Keys::none);
  }
}
