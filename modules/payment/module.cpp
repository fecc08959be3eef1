#include "module.hpp"

#include "application/books.hpp"
#include "application/provider_worker.hpp"
#include "application/quote_worker.hpp"
#include "payment/contract.hpp"
#include "storage/sandbox_provider.hpp"

namespace seamline::payment {
namespace {

constexpr std::int64_t worker_poll_ms = 200;

class PaymentModule final : public Port<PaymentContract> {
 public:
  using Contract = PaymentContract;
  using Settings = payment::Settings;
  using Hears = seamline::Hears<order::OrderCreated, order::OrderConfirmed, order::OrderCancelled, inventory::InventoryFailed>;

  PaymentModule(host::Environment& environment, const Settings& settings)
      : books_(environment.store(), repository_),
        settlement_(repository_, provider_, environment.ids(),
                    {settings.currency, settings.default_token, settings.retry_ms, 60'000},
                    {[this] { provider_waker_.wake(); }, [this] { quote_waker_.wake(); }}),
        provider_worker_(environment, repository_, provider_, settlement_),
        quote_worker_(environment.store(), repository_, environment.port<inventory::InventoryContract>(), settlement_,
                      environment.ids(), environment.clock()),
        provider_waker_(environment.add_worker("provider", provider_worker_, worker_poll_ms)),
        quote_waker_(environment.add_worker("quotes", quote_worker_, worker_poll_ms)) {
    const auto hear = [this](store::Transaction& transaction, const auto& event) { settlement_.hear(transaction, event); };
    environment.hear_each(Hears{}, hear);
  }

  Result<Payment> call(const CallContext& context, const GetPayment& operation) override {
    return books_.get(context, operation);
  }
  Result<PaymentPage> call(const CallContext& context, const FindPayments& operation) override {
    return books_.find(context, operation);
  }
  Result<Invoice> call(const CallContext& context, const GetInvoice& operation) override {
    return books_.invoice(context, operation);
  }

 private:
  SqlPaymentRepository repository_;
  SandboxProvider provider_;
  Books books_;
  Settlement settlement_;
  ProviderWorker provider_worker_;
  QuoteWorker quote_worker_;
  host::WorkerWaker provider_waker_;
  host::WorkerWaker quote_waker_;
};

}  // namespace

host::ModuleSpec module(const Settings& settings) { return host::spec_of<PaymentModule>(settings); }

}  // namespace seamline::payment
