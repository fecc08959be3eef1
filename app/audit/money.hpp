#pragma once

#include <map>
#include <set>
#include <string>

#include "audit/cut.hpp"
#include "audit/dossier.hpp"
#include "audit/findings.hpp"
#include "audit/sum.hpp"

namespace seamline::audit {

/// M1 to M18 but M10: the ledger by itself, then one order after the other, then what is due over all.
class MoneyChecks {
 public:
  MoneyChecks(Cut& cut, Findings& findings);
  void examine_ledger();
  void examine(const Dossier& order);
  void finish();

 private:
  struct Transaction;
  void examine_transaction(const Transaction& transaction);

  void follow_ups(const Dossier& order);
  void payment_and_ledger(const Dossier& order);
  void invoice(const Dossier& order);
  void payment_and_order(const Dossier& order);
  void announcements(const Dossier& order);
  void provider_work(const Dossier& order);
  void ended(const Dossier& order);

  Database& payment_;
  Findings& findings_;
  /// By currency.
  std::map<std::string, Sum> ledger_;
  std::map<std::string, Sum> settlement_;
  std::map<std::string, Sum> revenue_;
  std::map<std::string, Sum> captured_alone_;
  std::map<std::string, Sum> confirmed_totals_;
};

}  // namespace seamline::audit
