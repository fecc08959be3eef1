#include "module.hpp"

#include "application/catalog.hpp"
#include "application/settlement.hpp"
#include "inventory/contract.hpp"

namespace seamline::inventory {
namespace {

class InventoryModule final : public Port<InventoryContract> {
 public:
  using Contract = InventoryContract;
  using Settings = inventory::Settings;
  using Hears = seamline::Hears<order::OrderCreated, order::OrderConfirmed, order::OrderCancelled, payment::PaymentSuccess>;

  InventoryModule(host::Environment& environment, const Settings& settings)
      : catalog_(environment.store(), repository_), settlement_(repository_, settings.reservation_ms) {
    const auto hear = [this](store::Transaction& transaction, const auto& event) { settlement_.hear(transaction, event); };
    environment.hear_each(Hears{}, hear);
    environment.on_timer(Settlement::expiry_timer, [this](store::Transaction& transaction, const std::string& order_id) {
      settlement_.expire(transaction, OrderId{order_id});
    });
  }

  Result<Product> call(const CallContext& context, const AddProduct& operation) override {
    return catalog_.add(context, operation);
  }
  Result<Product> call(const CallContext& context, const Restock& operation) override {
    return catalog_.restock(context, operation);
  }
  Result<Product> call(const CallContext&, const GetProduct& operation) override { return catalog_.get(operation); }
  Result<ProductPage> call(const CallContext&, const ListProducts& operation) override { return catalog_.list(operation); }
  Result<Quotes> call(const CallContext&, const Quote& operation) override { return catalog_.quote(operation); }

 private:
  SqlInventoryRepository repository_;
  Catalog catalog_;
  Settlement settlement_;
};

}  // namespace

host::ModuleSpec module(const Settings& settings) { return host::spec_of<InventoryModule>(settings); }

}  // namespace seamline::inventory
