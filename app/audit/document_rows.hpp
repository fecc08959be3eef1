#pragma once

#include "audit/bson_view.hpp"
#include "audit/database.hpp"

namespace seamline::audit {

/// Makes rows of the documents of an order store, as README.md beside this file has them. Each row bears the id of the document
/// that it is of, in a column of its own. Throws Malformed, with some rows added already. The copy outlives it.
class DocumentRows {
 public:
  explicit DocumentRows(Database& copy);

  /// A document that is about an order.
  void add_subject(std::string_view id, std::string_view order_id, const BsonView& document);
  /// A record of the kernel's own.
  void add_kernel(std::string_view id, const BsonView& document);
  void remove(std::string_view id);
  /// Removes what add_kernel() has added.
  void remove_kernel();

 private:
  void add_order(std::string_view id, std::string_view order_id, const BsonView& body);

  Database& copy_;
  Insert orders_;
  Insert order_events_;
  Insert event_log_;
  Insert timers_;
  Insert idempotency_;
  Insert dead_letters_;
  Insert applied_;
  Insert ownership_;
  Insert cursors_;
  Insert receipts_;
  std::int64_t answers_ = 0;
};

}  // namespace seamline::audit
