#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "host/host.hpp"
#include "inventory/contract.hpp"
#include "inventory/module.hpp"
#include "order/contract.hpp"
#include "order/module.hpp"
#include "payment/contract.hpp"
#include "payment/module.hpp"
#include "support/manual_clock.hpp"
#include "support/temporary_folder.hpp"
#include "user/contract.hpp"
#include "user/module.hpp"

namespace seamline::test {

/// The four modules in one host, single-threaded: nothing happens between two calls of settle(). Can be stopped and started
/// again over the same stores.
class Shop {
 public:
  explicit Shop(order::Settings order_settings = {}) : order_settings_(std::move(order_settings)) {
    grace_ms = 0;
    start();
  }

  void start() {
    host::HostOptions options;
    options.data_dir = folder_.path();
    options.threads = false;
    options.timers.grace_ms = grace_ms;
    options.timers.stall_ms = INT64_MAX / 2'000'000;
    host_ = std::make_unique<host::Host>(options, clock, random_);
    user::Settings cheap_passwords;
    cheap_passwords.password_memory_kib = 7'168;
    cheap_passwords.password_passes = 1;
    for (const auto& spec : {user::module(cheap_passwords), inventory::module({}), payment::module({}), order::module(order_settings_)}) {
      if (auto added = host_->add(spec); !added) throw std::runtime_error(added.error().detail);
    }
    users_ = &host_->port<user::UserContract>("test");
    products_ = &host_->port<inventory::InventoryContract>("test");
    orders_ = &host_->port<order::OrderContract>("test");
    payments_ = &host_->port<payment::PaymentContract>("test");
    host_->start();
    settle();
  }
  void stop() { host_.reset(); }

  /// Runs every loop until nothing is left to do.
  void settle() {
    if (!host_->run_until_quiet()) throw std::runtime_error("the shop does not come to rest");
  }

  host::Host& host() { return *host_; }
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
  void add_product(const std::string& id, std::int64_t stock, std::int64_t price_minor = 250, const std::string& currency = "EUR") {
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
    return host_->store_of("payment").read([&](store::View& view) {
      auto row = view.rows().query("SELECT coalesce(sum(amount_minor), 0) FROM ledger_entries WHERE account = $1", account);
      row.next();
      return row.integer(0);
    });
  }

  ManualClock clock;
  std::int64_t grace_ms = 0;

 private:
  TemporaryFolder folder_;
  SeededRandom random_{1};
  order::Settings order_settings_;
  std::unique_ptr<host::Host> host_;
  Port<user::UserContract>* users_ = nullptr;
  Port<inventory::InventoryContract>* products_ = nullptr;
  Port<order::OrderContract>* orders_ = nullptr;
  Port<payment::PaymentContract>* payments_ = nullptr;
};

}  // namespace seamline::test
