#pragma once

#include <optional>
#include <vector>

#include "domain/ledger.hpp"
#include "domain/payment.hpp"
#include "domain/price.hpp"
#include "payment/operations.hpp"
#include "store/transaction.hpp"

namespace seamline::payment {

/// What is to be asked of the provider.
enum class Action : std::uint8_t { charge, void_charge, refund };

struct ProviderWork {
  OrderId order_id;
  Action action = Action::charge;
  std::int64_t attempts = 0;
  Timestamp due_at;
};

/// An order whose payment waits for what its lines cost.
struct UnpricedOrder {
  OrderId order_id;
  std::vector<Line> lines;
  /// From then on nothing is charged for it; where the order says so.
  std::optional<Timestamp> expires_at;
  std::int64_t attempts = 0;
  Timestamp due_at;
};

struct StoredInvoice {
  Invoice invoice;
  std::optional<UserId> user_id;
};

/// Payments, ledger, invoices, the provider's work and what waits for a price, as the store keeps them. Stateless, so
/// thread-safe.
class PaymentRepository {
 public:
  virtual ~PaymentRepository() = default;

  virtual std::optional<OrderPayment> find(store::View& view, const OrderId& order_id) const = 0;
  virtual std::optional<OrderPayment> find_by_id(store::View& view, const PaymentId& id) const = 0;
  virtual void save(store::Transaction& transaction, const OrderPayment& payment) const = 0;
  virtual void post(store::Transaction& transaction, const LedgerTransaction& movement) const = 0;
  virtual void add_invoice(store::Transaction& transaction, const StoredInvoice& invoice) const = 0;
  virtual std::optional<StoredInvoice> find_invoice(store::View& view, const OrderId& order_id) const = 0;
  /// Sets what is to be done for an order; there is one thing at a time.
  virtual void set_work(store::Transaction& transaction, const ProviderWork& work) const = 0;
  virtual void remove_work(store::Transaction& transaction, const OrderId& order_id) const = 0;
  virtual std::optional<ProviderWork> find_work(store::View& view, const OrderId& order_id) const = 0;
  virtual std::vector<ProviderWork> due_work(store::View& view, Timestamp now, std::int64_t limit) const = 0;
  virtual void set_unpriced(store::Transaction& transaction, const UnpricedOrder& order) const = 0;
  virtual void remove_unpriced(store::Transaction& transaction, const OrderId& order_id) const = 0;
  virtual std::optional<UnpricedOrder> find_unpriced(store::View& view, const OrderId& order_id) const = 0;
  /// The one that has been due for longest.
  virtual std::optional<UnpricedOrder> due_unpriced(store::View& view, Timestamp now) const = 0;
};

/// Over SQL rows.
class SqlPaymentRepository final : public PaymentRepository {
 public:
  std::optional<OrderPayment> find(store::View& view, const OrderId& order_id) const override;
  std::optional<OrderPayment> find_by_id(store::View& view, const PaymentId& id) const override;
  void save(store::Transaction& transaction, const OrderPayment& payment) const override;
  void post(store::Transaction& transaction, const LedgerTransaction& movement) const override;
  void add_invoice(store::Transaction& transaction, const StoredInvoice& invoice) const override;
  std::optional<StoredInvoice> find_invoice(store::View& view, const OrderId& order_id) const override;
  void set_work(store::Transaction& transaction, const ProviderWork& work) const override;
  void remove_work(store::Transaction& transaction, const OrderId& order_id) const override;
  std::optional<ProviderWork> find_work(store::View& view, const OrderId& order_id) const override;
  std::vector<ProviderWork> due_work(store::View& view, Timestamp now, std::int64_t limit) const override;
  void set_unpriced(store::Transaction& transaction, const UnpricedOrder& order) const override;
  void remove_unpriced(store::Transaction& transaction, const OrderId& order_id) const override;
  std::optional<UnpricedOrder> find_unpriced(store::View& view, const OrderId& order_id) const override;
  std::optional<UnpricedOrder> due_unpriced(store::View& view, Timestamp now) const override;
};

}  // namespace seamline::payment

template <>
inline constexpr std::array<std::string_view, 3> seamline::enum_names<seamline::payment::Action>{"charge", "void", "refund"};
