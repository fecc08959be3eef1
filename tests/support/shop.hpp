#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/random.hpp"
#include "host/host.hpp"
#include "inventory/contract.hpp"
#include "inventory/module.hpp"
#include "order/contract.hpp"
#include "order/module.hpp"
#include "payment/contract.hpp"
#include "payment/module.hpp"
#include "support/loopback.hpp"
#include "support/manual_clock.hpp"
#include "support/over_http.hpp"
#include "support/temporary_folder.hpp"
#include "support/test_storage.hpp"
#include "user/contract.hpp"
#include "user/module.hpp"

namespace seamline::test {

/// How a Shop is set up.
struct ShopOptions {
  order::Settings order;
  inventory::Settings inventory;
  payment::Settings payment;
  /// Modules that run in a host of their own: every call to and from them and every event goes through bytes.
  std::set<std::string> looped_back;
  /// Their calls go over real sockets.
  bool over_http = false;
  std::size_t consumer_queue_entries = 4096;
  /// How often a thread looks at the logs that nobody woke it for.
  std::int64_t puller_poll_ms = 1000;
  /// With threads and the machine's clock, as in production.
  bool threads = false;
  std::uint64_t seed = 1;
  /// Where the stores are; a temporary folder of the shop's own where it is empty.
  std::filesystem::path data_dir;
  /// How long a write-ahead log grows before its writer moves it into the database.
  std::int64_t checkpoint_pages = 1000;
  /// What all hosts make spans of; null for none. Outlives the shop.
  observe::Tracer* tracer = nullptr;
};

/// The four modules, single-threaded by default: nothing happens between two calls of settle(). Can be stopped and started
/// again over the same stores.
class Shop {
 public:
  explicit Shop(order::Settings order_settings = {}) : Shop(options_with(std::move(order_settings))) {}
  explicit Shop(ShopOptions options) : options_(std::move(options)), seeded_(options_.seed) { start(); }
  ~Shop() { stop(); }

  void start() {
    user::Settings cheap_passwords;
    cheap_passwords.password_memory_kib = 7'168;
    cheap_passwords.password_passes = 1;
    hosts_.push_back(make_host());
    const std::vector<host::ModuleSpec> specs{user::module(cheap_passwords), inventory::module(options_.inventory),
                                              payment::module(options_.payment), order::module(options_.order)};
    for (const host::ModuleSpec& spec : specs) add(spec);
    for (const host::ModuleSpec& spec : specs) introduce(spec);
    users_ = &host().port<user::UserContract>("test");
    products_ = &host().port<inventory::InventoryContract>("test");
    orders_ = &host().port<order::OrderContract>("test");
    payments_ = &host().port<payment::PaymentContract>("test");
    for (const auto& host : hosts_) host->start();
    settle();
  }
  void stop() {
    for (const auto& host : hosts_) host->stop();
    home_.clear();
    hosts_.clear();
    transports_.clear();
  }

  /// Runs every loop until nothing is left to do. With threads: waits until nothing moves any more, for a minute at most.
  void settle() {
    int rounds_without_change = 0;
    std::int64_t before = -1;
    for (int round = 0; round < 1'000; ++round) {
      for (const auto& host : hosts_) {
        if (!options_.threads && !host->run_until_quiet()) throw std::runtime_error("the shop does not come to rest");
      }
      if (hosts_.size() == 1 && !options_.threads) return;
      if (options_.threads) std::this_thread::sleep_for(std::chrono::milliseconds(60));
      const std::int64_t now = progress();
      rounds_without_change = now == before ? rounds_without_change + 1 : 0;
      before = now;
      if (rounds_without_change == (options_.threads ? 25 : 4)) return;
    }
    throw std::runtime_error("the shop does not come to rest");
  }

  host::Host& host() { return *hosts_.front(); }
  /// The data_dir; it goes with the shop.
  const std::filesystem::path& folder() const { return folder_.path(); }
  store::Store& store_of(const std::string& module) { return home_.at(module)->store_of(module); }
  Port<user::UserContract>& users() { return *users_; }
  Port<inventory::InventoryContract>& products() { return *products_; }
  Port<order::OrderContract>& orders() { return *orders_; }
  Port<payment::PaymentContract>& payments() { return *payments_; }

  static CallContext admin() {
    CallContext context;
    context.caller.role = Role::admin;
    return context;
  }
  static CallContext as_user(const user::UserId& id) {
    CallContext context;
    context.caller = {Role::user, id.text};
    return context;
  }

  user::UserId add_user(const std::string& email = "ada@example.org") {
    return users().call({}, user::RegisterUser{email, {"long enough"}, "Ada"}).value().id;
  }
  void add_product(const std::string& id, std::int64_t stock, std::int64_t price_minor = 250,
                   const std::string& currency = "EUR") {
    (void)products().call(admin(), inventory::AddProduct{{id}, "A " + id, price_minor, currency, stock}).value();
  }
  inventory::Product product(const std::string& id) { return products().call({}, inventory::GetProduct{{id}}).value(); }

  /// Places an order for a user, without letting anything follow from it yet.
  order::Order place(const user::UserId& user, const std::vector<order::Item>& items, const std::string& token = "tok_ok") {
    return orders().call(as_user(user), order::PlaceOrder{items, token, std::nullopt}).value();
  }
  order::Order order(const order::OrderId& id) { return orders().call(admin(), order::GetOrder{id}).value(); }
  /// The payment of an order; it has one.
  payment::Payment payment_of(const order::OrderId& id) {
    return payments().call(admin(), payment::FindPayments{{id.text}}).value().items.at(0);
  }
  /// The sum of an account over the whole ledger.
  std::int64_t balance(const std::string& account) {
    return store_of("payment").read([&](store::View& view) {
      auto row = view.rows().query("SELECT CAST(coalesce(sum(amount_minor), 0) AS BIGINT) FROM ledger_entries WHERE account = $1",
                                   account);
      row.next();
      return row.integer(0);
    });
  }

  ManualClock clock;

 private:
  static ShopOptions options_with(order::Settings order_settings) {
    ShopOptions options;
    options.order = std::move(order_settings);
    return options;
  }
  const Clock& used_clock() const { return options_.threads ? Clock::system() : clock; }

  std::unique_ptr<host::Host> make_host() {
    host::HostOptions host_options;
    host_options.data_dir = options_.data_dir.empty() ? folder_.path() : options_.data_dir;
    host_options.store.checkpoint_pages = options_.checkpoint_pages;
    host_options.storage = storage_for_all(host_options.data_dir, {"user", "inventory", "payment", "order"});
    host_options.threads = options_.threads;
    host_options.tracer = options_.tracer;
    host_options.consumer_queue_entries = options_.consumer_queue_entries;
    host_options.timers.grace_ms = 0;
    host_options.timers.stall_ms = INT64_MAX / 2'000'000;
    host_options.puller.poll_ms = options_.puller_poll_ms;
    // A remote publisher's head is looked at in every round: nobody tells that it has moved.
    if (!options_.looped_back.empty()) host_options.puller.poll_ms = 0;
    return std::make_unique<host::Host>(host_options, used_clock(), options_.threads ? Random::system() : seeded_);
  }

  void add(const host::ModuleSpec& spec) {
    if (options_.looped_back.contains(spec.name)) hosts_.push_back(make_host());
    host::Host& home = options_.looped_back.contains(spec.name) ? *hosts_.back() : host();
    if (auto added = home.add(spec); !added) throw std::runtime_error(added.error().detail);
    home_[spec.name] = &home;
  }

  std::unique_ptr<Transport> transport_to(host::Host& home, const std::string& module) const {
    auto routes = home.routes_to(module, "test");
    if (options_.over_http) return std::make_unique<OverHttp>(std::move(routes), used_clock());
    return std::make_unique<Loopback>(std::move(routes), used_clock());
  }

  /// Tells every host in which the module does not run where it does.
  void introduce(const host::ModuleSpec& spec) {
    host::Host& home = *home_.at(spec.name);
    transports_.push_back(transport_to(home, spec.name));
    const auto open_log = [&home, name = spec.name](const std::string&) {
      return std::make_unique<events::LocalLogSource>(home.store_of(name), home.gate_of(name));
    };
    for (const auto& other : hosts_) {
      if (other.get() != &home) other->add_remote(spec, *transports_.back(), open_log);
    }
  }

  /// Grows with whatever is published or applied.
  std::int64_t progress() {
    std::int64_t sum = 0;
    for (const auto& [name, home] : home_) sum += home->store_of(name).log().head().seq;
    for (const auto& host : hosts_) {
      for (const events::Consumer* consumer : host->consumers()) sum += consumer->applied().seq;
    }
    return sum;
  }

  TemporaryFolder folder_;
  ShopOptions options_;
  SeededRandom seeded_;
  std::vector<std::unique_ptr<Transport>> transports_;
  std::vector<std::unique_ptr<host::Host>> hosts_;
  std::map<std::string, host::Host*> home_;
  Port<user::UserContract>* users_ = nullptr;
  Port<inventory::InventoryContract>* products_ = nullptr;
  Port<order::OrderContract>* orders_ = nullptr;
  Port<payment::PaymentContract>* payments_ = nullptr;
};

}  // namespace seamline::test
