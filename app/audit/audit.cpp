#include "audit/audit.hpp"

#include <future>

#include "audit/dossier_reader.hpp"
#include "audit/history.hpp"
#include "audit/money.hpp"
#include "audit/orders.hpp"
#include "audit/saga.hpp"
#include "audit/stock.hpp"
#include "audit/stores_and_logs.hpp"
#include "audit/users.hpp"

namespace seamline::audit {
namespace {

constexpr std::int64_t progress_every = 10'000;

std::int64_t count_orders(Cut& cut) {
  Cursor row(cut.database(Owner::order), "SELECT count(*) FROM orders");
  return row.next() ? row.integer(0) : 0;
}

/// One order after the other, through all stores at once.
void examine_orders(Cut& cut, const Options& options, HistoryChecks& history, Findings& findings) {
  OrderChecks orders(cut, findings);
  MoneyChecks money(cut, findings);
  StockChecks stock(cut, findings);
  money.examine_ledger();
  stock.examine_movements();
  const std::int64_t all = options.progress ? count_orders(cut) : 0;
  std::int64_t done = 0;
  DossierReader reader(cut);
  for (Dossier order; reader.next(order);) {
    orders.examine(order);
    money.examine(order);
    stock.examine(order);
    examine_saga(order, findings);
    if (options.history) history.examine(order);
    if (++done % progress_every == 0 && options.progress) options.progress(done, all);
  }
  money.finish();
  stock.finish();
}

Findings examine_all(const Options& options) {
  Findings findings;
  HistoryChecks history(findings);
  if (options.history) history.read(*options.history);
  Cut cut(options.stores);
  const auto policy = options.single_threaded ? std::launch::deferred : std::launch::async;
  auto logs = std::async(policy, [&stores = options.stores, ends = ends_of(cut)] {
    Findings found;
    examine_files(stores, ends, found);
    return found;
  });
  examine_copies(cut, ends_of(cut), findings);
  examine_stores(cut, findings);
  examine_orders(cut, options, history, findings);
  examine_users(cut, findings);
  if (options.history) history.finish();
  findings.merge(logs.get());
  cut.check_unchanged();
  return findings;
}

}  // namespace

Result<Report> audit(const Options& options) {
  try {
    return make_report(examine_all(options), options.mode, options.history.has_value());
  } catch (const ReadError& error) {
    if (!error.is_unsound()) return fail(unreadable, error.what());
  }
  // Nothing is proved by what was read of a store that is not sound: only that is said.
  try {
    Findings findings;
    examine_soundness(options.stores, findings);
    if (!findings.is_violated("K1")) return fail(unreadable, "A store cannot be read, though it is sound. Audit it again.");
    return make_report(findings, options.mode, options.history.has_value());
  } catch (const ReadError& error) {
    return fail(unreadable, error.what());
  }
}

}  // namespace seamline::audit
