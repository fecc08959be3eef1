// How fast a subscriber that was away catches up with a publisher's log over HTTP, both sides in this process, and how long
// one event takes: bench_carrier. Prints lines of `name value unit`.
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "base/random.hpp"
#include "events/event_endpoint.hpp"
#include "events/follower.hpp"
#include "events/http_log_source.hpp"
#include "http/server.hpp"
#include "support/temporary_folder.hpp"

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

/// As large as an order with two lines.
struct Tick {
  std::int64_t number = 0;
  std::string name;
  std::string filling;
  static constexpr EventType type{"publisher", "Tick", 1};
  std::string_view subject() const { return name; }
  static constexpr std::tuple fields{Field{"number", &Tick::number, "Any."}, Field{"name", &Tick::name, "Any."},
                                     Field{"filling", &Tick::filling, "Any."}};
};

/// Both sides, from the store of the one to the store of the other.
struct Carrier {
  Carrier() {
    handlers.hear<Tick>([this](store::Transaction&, const Tick& tick) { sum += tick.number; });
    consumer = std::make_unique<events::Consumer>("publisher", handlers.by_publisher().at("publisher"), *subscriber, gate,
                                                  events::Consumer::Options{16'384, [this] {
                                                                              if (thread) thread->wake();
                                                                            }});
    server = http::Server::start({}, [this](const http::Request& request) { return endpoint.handle(request, {}); }).value();
    address = std::make_unique<http::FixedEndpoint>("http://127.0.0.1:" + std::to_string(server->port()));
    source = std::make_unique<events::HttpLogSource>("publisher", *address, events::HttpLogSource::Options{});
    follower = std::make_unique<events::Follower>(*consumer, *source, Clock::system(), events::Follower::Options{});
    publisher->writer().start_thread();
    subscriber->writer().start_thread();
  }
  ~Carrier() {
    follower->stop();
    endpoint.stop();
    thread.reset();
    server->stop();
    publisher->stop();
    subscriber->stop();
  }
  std::unique_ptr<store::Store> open(const std::string& module) {
    store::StoreOptions options;
    options.directory = folder.path() / module;
    options.module = module;
    options.writer.batch_cap = 1024;
    return store::Store::open(options, store::all_migrations(), Clock::system(), ids.next()).value();
  }
  void publish(std::int64_t first, std::int64_t count) {
    (void)publisher->write({}, [&](store::Transaction& transaction) -> Result<void> {
      for (std::int64_t i = 0; i < count; ++i) transaction.publish(Tick{first + i, ids.next(), std::string(300, 'x')});
      return {};
    });
  }
  void wait_for(std::int64_t seq, std::int64_t pause_us) const {
    while (consumer->applied().seq < seq) std::this_thread::sleep_for(std::chrono::microseconds(pause_us));
  }

  test::TemporaryFolder folder;
  IdSource ids{Clock::system(), Random::system()};
  std::unique_ptr<store::Store> publisher = open("publisher");
  std::unique_ptr<store::Store> subscriber = open("subscriber");
  seam::Gate gate;
  events::EventEndpoint endpoint{*publisher, gate};
  std::int64_t sum = 0;
  events::Handlers handlers;
  std::unique_ptr<events::Consumer> consumer;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<http::FixedEndpoint> address;
  std::unique_ptr<events::HttpLogSource> source;
  std::unique_ptr<events::Follower> follower;
  std::unique_ptr<LoopThread> thread;
};

}  // namespace

int main() {
  constexpr std::int64_t total = 200'000;
  Carrier carrier;
  for (std::int64_t first = 0; first < total; first += 500) carrier.publish(first, 500);
  const auto start = SteadyClock::now();
  const double cpu = cpu_seconds();
  carrier.thread = std::make_unique<LoopThread>("follower", *carrier.follower, 50);
  carrier.wait_for(total, 1000);
  print("events caught up over HTTP", static_cast<double>(total) / seconds_since(start), "events/s");
  print("CPU of both sides", (cpu_seconds() - cpu) * 1e6 / static_cast<double>(total), "us/event");

  std::vector<double> times;
  for (std::int64_t i = 1; i <= 300; ++i) {
    carrier.publish(total + i, 1);
    const auto published = SteadyClock::now();
    carrier.wait_for(total + i, 20);
    times.push_back(seconds_since(published) * 1e6);
  }
  std::sort(times.begin(), times.end());
  print("from publisher's commit to effect, median", times[times.size() / 2], "us");
}
