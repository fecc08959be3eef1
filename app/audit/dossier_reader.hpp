#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "audit/cut.hpp"
#include "audit/dossier.hpp"

namespace seamline::audit {

/// Rows in the order of a text, their first column: one side of a merge.
class Stream {
 public:
  Stream(Database& database, std::string_view sql) : rows_(database, sql) { advance(); }

  bool is_at_end() const { return !has_row_; }
  /// The text by which the rows are in order. There is a row.
  std::string_view key() const { return rows_.text(0); }
  bool is_at(std::string_view key_wanted) const { return has_row_ && key() == key_wanted; }
  const Cursor& row() const { return rows_; }
  void advance() { has_row_ = rows_.next(); }

  /// Gives every row with this key to `take`.
  template <class Take>
  void take_all(std::string_view key_wanted, const Take& take) {
    for (; is_at(key_wanted); advance()) take(rows_);
  }

 private:
  Cursor rows_;
  bool has_row_ = false;
};

/// The entries of a log by subject, with the payloads of those that a check reads.
class LogStream : public Stream {
 public:
  explicit LogStream(Database& database);
  void take_entries(std::string_view subject, std::vector<Announcement>& entries);

 private:
  Cursor payload_;
};

/// Reads all that the stores of order, payment and inventory say, one order after the other, in one pass over each table.
class DossierReader {
 public:
  explicit DossierReader(Cut& cut);

  /// False at the end. `dossier` is used again for each order.
  bool next(Dossier& dossier);

 private:
  /// The least key of all streams; empty at the end.
  const Stream* least() const;
  void take_order(Dossier& dossier);
  void take_payment(Dossier& dossier);
  void take_inventory(Dossier& dossier);

  Stream orders_;
  Stream order_events_;
  Stream order_timers_;
  LogStream order_log_;
  Stream answers_;

  Stream payments_;
  Stream captures_;
  Stream refunds_;
  Stream earnings_;
  Stream odd_transactions_;
  Stream invoices_;
  Stream provider_work_;
  Stream unpriced_orders_;
  LogStream payment_log_;

  Stream reservations_;
  Stream movements_;
  Stream inventory_timers_;
  LogStream inventory_log_;

  std::array<Stream*, 18> streams_;
};

/// The name of an event in a type, `seamline.order.OrderCreated.v1`: the third part; empty where there is none.
std::string_view event_name_of(std::string_view type);

}  // namespace seamline::audit
