#pragma once

#include <stdexcept>

#include "store/documents.hpp"
#include "store/migrations.hpp"
#include "store/migrator.hpp"
#include "store/sqlite.hpp"
#include "store/store.hpp"
#include "support/temporary_folder.hpp"

/// The rows of a store for who looks into them from outside. Those of an order store that keeps documents are a copy, made anew
/// for each look, so that the same questions can be asked.
namespace seamline::test {

inline void migrate_orders(store::SqliteConnection& rows) {
  const auto migrated = store::migrate(rows, "order", store::all_migrations(), {0});
  if (!migrated) throw std::runtime_error(migrated.error().detail);
}

inline std::string items_as_json(const store::Document& body) {
  std::string text;
  for (const store::Document& item : body.list("items")) {
    const auto price = item.optional_integer("unit_price_minor");
    text += (text.empty() ? R"({"product_id":")" : R"(,{"product_id":")") + item.text("product_id") + R"(","quantity":)" +
            std::to_string(item.integer("quantity")) + R"(,"unit_price":)" + (price ? std::to_string(*price) : "null") + "}";
  }
  return "[" + text + "]";
}

inline void insert_order(store::Connection& rows, const std::string& id, const store::Document& body) {
  rows.execute(
      "INSERT INTO orders (order_id, status, user_id, user_name, items, total_minor, currency, reason, version, created_at_ms) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      id, body.text("status"), body.optional_text("user_id"), body.optional_text("user_name"), items_as_json(body),
      body.optional_integer("total_minor"), body.optional_text("currency"), body.optional_text("reason"), body.integer("version"),
      body.timestamp("created_at_ms"));
  for (const store::Document& event : body.list("events")) {
    rows.execute("INSERT INTO order_events (order_id, version, type, at_ms, data) VALUES ($1, $2, $3, $4, $5)", id,
                 event.integer("version"), event.text("type"), event.timestamp("at_ms"), event.text("data"));
  }
}

inline void insert_entry(store::Connection& rows, const store::LogEntry& entry) {
  rows.execute(
      "INSERT INTO event_log (seq, epoch, type, subject, at_ms, trace, payload, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      entry.seq, entry.epoch, entry.type, entry.subject, entry.at, entry.trace, entry.payload, entry.hash);
}

inline void insert_dead_letter(store::Connection& rows, const std::string& publisher, const store::LogEntry& entry) {
  rows.execute(
      "INSERT INTO dead_letters (publisher, seq, state, reason, epoch, type, subject, at_ms, trace, payload, hash) "
      "VALUES ($1, $2, 'poisoned', '', $3, $4, $5, $6, $7, $8, $9)",
      publisher, entry.seq, entry.epoch, entry.type, entry.subject, entry.at, entry.trace, entry.payload, entry.hash);
}

/// Orders, their events, the log, timers and the oldest dead letters of an order store, as rows.
class OrderDocumentsAsRows {
 public:
  explicit OrderDocumentsAsRows(store::View& view) {
    migrate_orders(rows_);
    rows_.begin(store::Answers::later);
    for (const auto& [id, body] : view.documents().list({})) insert_order(rows_, id, body);
    view.entries_behind(0, INT64_MAX, [&](const store::LogEntry& entry) {
      insert_entry(rows_, entry);
      return true;
    });
    view.due_timers({INT64_MAX}, [&](std::string_view kind, std::string_view subject) {
      rows_.execute("INSERT INTO timers (kind, subject, due_at_ms) VALUES ($1, $2, 0)", kind, subject);
      return true;
    });
    for (const char* publisher : {"user", "inventory", "payment"}) {
      for (const std::string& subject : view.dead_subjects(publisher)) {
        insert_dead_letter(rows_, publisher, view.oldest_dead_letter(publisher, subject).value());
      }
    }
    rows_.commit();
  }
  store::Connection& rows() { return rows_; }

 private:
  TemporaryFolder folder_;
  store::SqliteConnection rows_{folder_.path() / "copy.db", store::SqliteConnection::Mode::writer, 1000};
};

/// Calls `look` with the rows of the store.
template <class Look>
auto look_into(store::Store& store, Look&& look) {
  return store.read([&](store::View& view) {
    if (!store.keeps_documents()) return look(view.rows());
    return look(OrderDocumentsAsRows(view).rows());
  });
}

/// Spoils the read model of all orders: what is left of it are their events.
inline void throw_away_read_model(store::Store& order) {
  if (!order.keeps_documents()) {
    (void)order.write(CallContext{}, [](store::Transaction& transaction) -> Result<void> {
      transaction.rows().execute("DELETE FROM orders");
      return {};
    });
    return;
  }
  const auto bodies = order.read([](store::View& view) { return view.documents().list({}); });
  for (const auto& [id, body] : bodies) {
    store::Document spoilt;
    spoilt.add("status", "pending").add("version", 0).add("created_at_ms", 0).add("events", body.list("events"));
    (void)order.write(CallContext{}, [&](store::Transaction& transaction) -> Result<void> {
      transaction.documents().put_body(id, spoilt);
      return {};
    });
  }
}

}  // namespace seamline::test
