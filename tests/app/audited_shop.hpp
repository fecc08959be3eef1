#pragma once

#include <filesystem>
#include <string>

#include "audit/audit.hpp"
#include "events/receipt.hpp"
#include "store/sql_records.hpp"
#include "store/sqlite.hpp"
#include "support/shop.hpp"

namespace seamline::test {

inline CallContext with_key(CallContext context, const std::string& key) {
  context.idempotency_key = key;
  return context;
}

/// What a call answered; a refusal ends the test, and says why.
template <class T>
T answer_of(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().code + ": " + result.error().detail);
  return std::move(*result);
}

/// The stores of a shop that was stopped, to be audited, and spoilt before. Each is a copy of its own of one that was made once.
class AuditedShop {
 public:
  explicit AuditedShop(const std::filesystem::path& original) {
    std::filesystem::copy(original, folder_.path(), std::filesystem::copy_options::recursive);
  }

  /// All has ended: orders that were confirmed, declined, out of stock, cancelled in time, and drafts; two users, receipts, keys.
  static AuditedShop quiet() {
    static const Made made(make_quiet);
    return AuditedShop(made.folder.path());
  }
  /// The same with more under way: an order that is reserved and not yet confirmed, and one whose charge was not answered.
  static AuditedShop at_work() {
    static const Made made(make_at_work);
    return AuditedShop(made.folder.path());
  }

  const std::filesystem::path& folder() const { return folder_.path(); }
  std::filesystem::path file(std::string_view module) const { return folder_.path() / module / "0.db"; }

  /// Runs SQL on a module's store, past all that would keep the module from it.
  void edit(std::string_view module, std::string_view sql) const {
    store::SqliteConnection rows(file(module), store::SqliteConnection::Mode::writer, 1000);
    rows.run_script("PRAGMA ignore_check_constraints = ON;");
    rows.run_script(sql);
  }
  /// Makes a log's chain anew, and its followers' cursors with it, as one would who hides what he changed.
  void rechain(std::string_view module) const;

  audit::Options options(audit::Mode mode = audit::Mode::quiet) const {
    audit::Options options;
    options.mode = mode;
    for (const audit::Owner owner : audit::owners)
      options.stores.at(static_cast<std::size_t>(owner)) = file(audit::name_of(owner));
    return options;
  }
  audit::Report audited(audit::Mode mode = audit::Mode::quiet) const { return audit::audit(options(mode)).value(); }

 private:
  struct Made {
    explicit Made(void (*make)(Shop& shop)) {
      ShopOptions options;
      // Elsewhere, so that it hears nothing before it is asked to.
      options.looped_back = {"order"};
      Shop shop(options);
      make(shop);
      shop.stop();
      std::filesystem::copy(shop.folder(), folder.path(), std::filesystem::copy_options::recursive);
    }
    TemporaryFolder folder;
  };

  static void make_quiet(Shop& shop);
  static void make_at_work(Shop& shop);

  TemporaryFolder folder_;
};

inline void AuditedShop::make_quiet(Shop& shop) {
  const auto ada = shop.add_user();
  const auto bob = shop.add_user("bob@example.org");
  shop.add_product("p1", 100);
  shop.add_product("p2", 5, 1'000);
  (void)answer_of(shop.products().call(Shop::admin(), inventory::Restock{{"p1"}, 10}));
  const auto place = [&](const user::UserId& user, const std::string& key, order::PlaceOrder operation) {
    return answer_of(shop.orders().call(with_key(Shop::as_user(user), key), operation)).order_id;
  };
  place(ada, "confirmed", {{{{"p1"}, 2}, {{"p2"}, 1}}, "tok_ok", std::nullopt});
  place(bob, "declined", {{{{"p1"}, 1}}, "tok_declined", std::nullopt});
  place(ada, "out-of-stock", {{{{"p2"}, 50}}, "tok_ok", std::nullopt});
  shop.settle();

  // While order's host stands still, its order is paid and reserved; then the customer is faster than the word of that.
  const auto late = place(bob, "cancelled", {{{{"p1"}, 3}}, "tok_ok", std::nullopt});
  (void)shop.host().run_until_quiet();
  (void)answer_of(shop.orders().call(with_key(Shop::as_user(bob), "cancel"), order::CancelOrder{late}));
  shop.settle();

  const auto draft = answer_of(shop.orders().call(with_key(Shop::as_user(ada), "draft"), order::StartDraft{}));
  (void)answer_of(shop.orders().call(Shop::as_user(ada), order::AddItem{draft.order_id, {"p1"}, 1}));
  (void)answer_of(shop.orders().call(Shop::as_user(ada), order::AddItem{draft.order_id, {"p1"}, 2}));
  const auto dropped = answer_of(shop.orders().call(Shop::as_user(bob), order::StartDraft{}));
  (void)answer_of(shop.orders().call(Shop::as_user(bob), order::CancelOrder{dropped.order_id}));
  shop.settle();
  const std::int64_t head = shop.store_of("payment").log().head().seq;
  (void)answer_of(events::record_receipt(shop.store_of("payment"), shop.host().gate_of("payment"), "order", head));
}

inline void AuditedShop::make_at_work(Shop& shop) {
  make_quiet(shop);
  const auto eve = shop.add_user("eve@example.org");
  (void)shop.place(eve, {{{"p1"}, 4}, {{"p2"}, 1}});
  (void)shop.place(eve, {{{"p1"}, 5}}, "tok_timeout");
  (void)shop.host().run_until_quiet();
}

inline void AuditedShop::rechain(std::string_view module) const {
  store::SqliteConnection rows(file(module), store::SqliteConnection::Mode::writer, 1000);
  store::SqlRecords<store::View> view(rows);
  store::EntryBatch entries = store::read_log(view, {}, INT64_MAX).value();
  Sha256 hash{};
  for (store::LogEntry& entry : entries) {
    hash = entry.hash = store::chain_hash(hash, entry);
    rows.execute("UPDATE event_log SET hash = $2 WHERE seq = $1", entry.seq, entry.hash);
  }
  for (const audit::Following& following : audit::followings) {
    if (audit::name_of(following.publisher) != module || entries.empty()) continue;
    store::SqliteConnection follower(file(audit::name_of(following.subscriber)), store::SqliteConnection::Mode::writer, 1000);
    follower.execute("UPDATE cursors SET seq = $2, hash = $3 WHERE publisher = $1", module, entries.back().seq, hash);
  }
}

/// The codes of what is violated, with a blank between.
inline std::string violated_in(const audit::Report& report) {
  std::string codes;
  for (const audit::Check& check : report.checks) {
    if (check.outcome == audit::Outcome::violated) codes += (codes.empty() ? "" : " ") + std::string(check.invariant->code);
  }
  return codes;
}

inline std::string vacuous_in(const audit::Report& report) {
  std::string codes;
  for (const audit::Check& check : report.checks) {
    if (check.outcome == audit::Outcome::vacuous) codes += (codes.empty() ? "" : " ") + std::string(check.invariant->code);
  }
  return codes;
}

inline const audit::Check& check_of(const audit::Report& report, std::string_view code) {
  for (const audit::Check& check : report.checks) {
    if (check.invariant->code == code) return check;
  }
  throw std::runtime_error("the report has no " + std::string(code));
}

}  // namespace seamline::test
