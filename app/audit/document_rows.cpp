#include "audit/document_rows.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace seamline::audit {
namespace {

constexpr std::array tables_of_subjects{"orders",      "order_events", "event_log", "timers",
                                        "idempotency", "dead_letters", "applied"};
constexpr std::array tables_of_the_kernel{"ownership", "cursors", "receipts"};

/// Rows of a table, with the document that they are of.
Insert rows_of(Database& copy, std::string_view name) {
  const auto tables = tables_of("order");
  const auto table = std::find_if(tables.begin(), tables.end(), [&](const Table& one) { return one.name == name; });
  return {copy, name, (table == tables.end() ? "publisher, seq" : std::string(table->columns)) + ", document"};
}

Database& with_documents(Database& copy) {
  for (const std::string table : tables_of_subjects) {
    copy.run(("ALTER TABLE " + table + " ADD COLUMN document").c_str());
    copy.run(("CREATE INDEX " + table + "_by_document ON " + table + " (document)").c_str());
  }
  for (const std::string table : tables_of_the_kernel) copy.run(("ALTER TABLE " + table + " ADD COLUMN document").c_str());
  return copy;
}

std::string items_of(const BsonView& body) {
  std::string text;
  json::Writer writer(text);
  writer.begin_array();
  body.for_each("items", [&](const BsonView& item) {
    writer.begin_object();
    writer.member("product_id", item.text("product_id"));
    writer.member("quantity", item.integer("quantity"));
    writer.key("unit_price");
    if (const auto price = item.optional_integer("unit_price_minor")) {
      writer.integer(*price);
    } else {
      writer.null();
    }
    writer.end_object();
  });
  writer.end_array();
  return text;
}

}  // namespace

DocumentRows::DocumentRows(Database& copy)
    : copy_(with_documents(copy)),
      orders_(rows_of(copy, "orders")),
      order_events_(rows_of(copy, "order_events")),
      event_log_(rows_of(copy, "event_log")),
      timers_(rows_of(copy, "timers")),
      idempotency_(rows_of(copy, "idempotency")),
      dead_letters_(rows_of(copy, "dead_letters")),
      applied_(rows_of(copy, "applied")),
      ownership_(rows_of(copy, "ownership")),
      cursors_(rows_of(copy, "cursors")),
      receipts_(rows_of(copy, "receipts")) {}

void DocumentRows::add_subject(std::string_view id, std::string_view order_id, const BsonView& document) {
  if (document.has("body")) add_order(id, order_id, document.document("body"));
  document.for_each("log", [&](const BsonView& entry) {
    event_log_.add({entry.integer("seq"), entry.integer("epoch"), entry.text("type"), order_id, entry.integer("at_ms"),
                    entry.text("trace"), entry.text("payload"), Bytes{entry.bytes("hash")}, id});
  });
  document.for_each("timers",
                    [&](const BsonView& timer) { timers_.add({timer.text("kind"), order_id, timer.integer("due_at_ms"), id}); });
  document.for_each("answers", [&](const BsonView& answer) {
    idempotency_.add({++answers_, answer.text("caller"), answer.text("operation"), answer.text("key"),
                      Bytes{answer.bytes("fingerprint")}, answer.text("reply"), answer.integer("at_ms"), id});
  });
  document.for_each("dead_letters", [&](const BsonView& letter) {
    dead_letters_.add({letter.text("publisher"), letter.integer("seq"), letter.text("state"), letter.text("reason"),
                       letter.integer("epoch"), letter.text("type"), order_id, letter.integer("at_ms"), letter.text("trace"),
                       letter.text("payload"), Bytes{letter.bytes("hash")}, id});
  });
  document.for_each("applied", [&](const BsonView& entry) { applied_.add({entry.text("publisher"), entry.integer("seq"), id}); });
}

void DocumentRows::add_order(std::string_view id, std::string_view order_id, const BsonView& body) {
  const std::string items = items_of(body);
  orders_.add({order_id, body.text("status"), value_of(body.optional_text("user_id")), value_of(body.optional_text("user_name")),
               items, value_of(body.optional_integer("total_minor")), value_of(body.optional_text("currency")),
               value_of(body.optional_text("reason")), body.integer("version"), body.integer("created_at_ms"), id});
  body.for_each("events", [&](const BsonView& event) {
    order_events_.add({order_id, event.integer("version"), event.text("type"), event.integer("at_ms"), event.text("data"), id});
  });
}

void DocumentRows::add_kernel(std::string_view id, const BsonView& document) {
  const auto name_behind = [&](std::string_view prefix) {
    return id.starts_with(prefix) ? id.substr(prefix.size()) : std::string_view();
  };
  if (id == "ownership") {
    const BsonView body = document.document("body");
    ownership_.add({1, body.text("log_id"), body.integer("epoch"), id});
  } else if (const auto publisher = name_behind("cursor/"); !publisher.empty()) {
    const BsonView body = document.document("body");
    cursors_.add({publisher, 0, body.text("log_id"), body.integer("epoch"), body.integer("seq"), Bytes{body.bytes("hash")}, id});
  } else if (const auto subscriber = name_behind("receipt/"); !subscriber.empty()) {
    const BsonView body = document.document("body");
    receipts_.add({subscriber, body.integer("seq"), body.integer("at_ms"), id});
  }
}

void DocumentRows::remove(std::string_view id) {
  for (const std::string table : tables_of_subjects) {
    Cursor statement(copy_, "DELETE FROM " + table + " WHERE document = ?1");
    statement.restart(id);
    statement.next();
  }
}

void DocumentRows::remove_kernel() {
  for (const std::string table : tables_of_the_kernel) copy_.run(("DELETE FROM " + table).c_str());
}

}  // namespace seamline::audit
