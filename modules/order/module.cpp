#include "module.hpp"

#include "application/placing.hpp"
#include "application/reading.hpp"
#include "order/contract.hpp"
#include "storage/mongo_order_repository.hpp"

namespace seamline::order {
namespace {

/// The repository for what the store keeps, which has all the indexes that it needs.
std::unique_ptr<OrderRepository> repository_over(store::Store& store) {
  if (!store.keeps_documents()) return std::make_unique<SqlOrderRepository>();
  store.read([](store::View& view) { MongoOrderRepository::make_indexes(view); });
  return std::make_unique<MongoOrderRepository>();
}

class OrderModule final : public Port<OrderContract> {
 public:
  using Contract = OrderContract;
  using Settings = order::Settings;
  static constexpr bool can_keep_documents = true;
  using Hears = seamline::Hears<inventory::InventoryReserved, inventory::InventoryExpired, payment::PaymentFailed,
                                payment::PaymentRefunded>;

  OrderModule(host::Environment& environment, const Settings& settings)
      : repository_(repository_over(environment.store())),
        waiters_(static_cast<std::size_t>(settings.max_waiters)),
        settlement_(*repository_, waiters_),
        placing_(environment.store(), *repository_, settlement_, waiters_, environment.ids(), environment.clock(),
                 environment.port<user::UserContract>(), environment.port<inventory::InventoryContract>(),
                 {settings.deadline_ms, settings.draft_ms}, settings.default_token),
        reading_(environment.store(), *repository_) {
    const auto hear = [this](store::Transaction& transaction, const auto& event) { settlement_.hear(transaction, event); };
    environment.hear_each(Hears{}, hear);
    environment.on_timer(Settlement::deadline_timer, [this](store::Transaction& transaction, const std::string& id) {
      settlement_.deadline(transaction, OrderId{id});
    });
    environment.on_timer(Settlement::draft_timer, [this](store::Transaction& transaction, const std::string& id) {
      settlement_.expire_draft(transaction, OrderId{id});
    });
  }

  Result<Order> call(const CallContext& context, const PlaceOrder& operation) override {
    return placing_.place(context, operation);
  }
  Result<Order> call(const CallContext& context, const StartDraft& operation) override {
    return placing_.start_draft(context, operation);
  }
  Result<Order> call(const CallContext& context, const AddItem& operation) override {
    return placing_.add_item(context, operation);
  }
  Result<Order> call(const CallContext& context, const PlaceDraft& operation) override {
    return placing_.place_draft(context, operation);
  }
  Result<Order> call(const CallContext& context, const CancelOrder& operation) override {
    return placing_.cancel(context, operation);
  }
  Result<Order> call(const CallContext& context, const GetOrder& operation) override { return reading_.get(context, operation); }
  Result<OrderPage> call(const CallContext& context, const ListOrders& operation) override {
    return reading_.list(context, operation);
  }
  Result<Timeline> call(const CallContext& context, const GetTimeline& operation) override {
    return reading_.timeline(context, operation);
  }
  Result<Counts> call(const CallContext&, const CountOrders&) override { return reading_.count(); }

 private:
  const std::unique_ptr<OrderRepository> repository_;
  Waiters waiters_;
  Settlement settlement_;
  Placing placing_;
  Reading reading_;
};

}  // namespace

host::ModuleSpec module(const Settings& settings) { return host::spec_of<OrderModule>(settings); }

Result<std::int64_t> rebuild_read_model(store::Store& store) {
  constexpr std::int64_t batch = 500;
  const auto repository = repository_over(store);
  for (std::string after;;) {
    auto last = store.write(CallContext{}, [&](store::Transaction& transaction) -> Result<std::string> {
      return repository->rebuild(transaction, after, batch);
    });
    if (!last) return fail(std::move(last.error()));
    if (last->empty()) break;
    after = *last;
  }
  const Counts counts = store.read([&](store::View& view) { return repository->count(view); });
  return counts.pending + counts.placed + counts.confirmed + counts.cancelled;
}

}  // namespace seamline::order
