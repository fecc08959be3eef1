#include "customers.hpp"

#include <fstream>

#include "support/client_attempt.hpp"

namespace seamline::mistakes {
namespace {

std::string four_digits(int number) {
  const std::string text = std::to_string(number);
  return std::string(4 - std::min<std::size_t>(4, text.size()), '0') + text;
}

}  // namespace

Customers::Customers(test::Shop& shop, const std::filesystem::path& history) : shop_(shop), history_(history) {
  std::ifstream before(history_);
  for (std::string line; std::getline(before, line);) ++attempts_;
  requests_ = attempts_;
}

void Customers::register_user(const std::string& email) {
  auto registered = shop_.users().call({}, user::RegisterUser{email, {"long enough"}, "Ada"});
  if (registered && ada_.text.empty()) ada_ = registered->id;
}

Customers::Request Customers::new_request(const std::string& operation) {
  return {operation, "request-" + four_digits(++requests_)};
}

CallContext Customers::context_of(const Request& request, const CallContext& caller) {
  CallContext context = caller;
  context.idempotency_key = request.key;
  context.request_id = "attempt-" + four_digits(++attempts_);
  return context;
}

order::OrderId Customers::place(const std::vector<order::Item>& items, const std::string& token) {
  const Request request = new_request("order.place_order");
  auto answer = shop_.orders().call(context_of(request, as_ada()), order::PlaceOrder{items, token, std::nullopt});
  record(request, answer, false);
  return answer ? answer->order_id : order::OrderId{};
}

void Customers::place_repeatedly(const std::vector<order::Item>& items, int times) {
  const Request request = new_request("order.place_order");
  for (int time = 1; time <= times; ++time) {
    auto answer = shop_.orders().call(context_of(request, as_ada()), order::PlaceOrder{items, "tok_ok", std::nullopt});
    record(request, answer, time < times);
  }
}

order::OrderId Customers::start_draft() {
  const Request request = new_request("order.start_draft");
  auto answer = shop_.orders().call(context_of(request, as_ada()), order::StartDraft{});
  record(request, answer, false);
  return answer ? answer->order_id : order::OrderId{};
}

void Customers::add_item(const order::OrderId& draft, const order::Item& item) {
  (void)shop_.orders().call(as_ada(), order::AddItem{draft, item.product_id, item.quantity});
}

void Customers::place_draft(const order::OrderId& draft) {
  (void)shop_.orders().call(as_ada(), order::PlaceDraft{draft, "tok_ok"});
}

void Customers::cancel(const order::OrderId& id) { (void)shop_.orders().call(as_ada(), order::CancelOrder{id}); }

void Customers::place_for_nobody() {
  const Request request = new_request("order.place_order");
  const user::UserId nobody{"019a0000-0000-7000-8000-000000000000"};
  auto answer =
      shop_.orders().call(context_of(request, test::Shop::admin()), order::PlaceOrder{{{{"mug"}, 1}}, "tok_ok", nobody});
  record(request, answer, false);
}

void Customers::repeat_last(const std::vector<order::Item>& items) {
  // Ada is who the process before had registered first.
  shop_.store_of("user").read([&](store::View& view) {
    auto row = view.rows().query("SELECT user_id FROM users WHERE role = 'user' ORDER BY user_id LIMIT 1");
    if (row.next()) ada_ = row.id<user::UserId>(0);
  });
  const Request request = new_request("order.place_order");
  ++attempts_;
  record(request, {}, true);
  auto answer = shop_.orders().call(context_of(request, as_ada()), order::PlaceOrder{items, "tok_ok", std::nullopt});
  record(request, answer, false);
}

void Customers::record(const Request& request, const Result<order::Order>& answer, bool is_lost) {
  const std::int64_t now_ms = Clock::system().now().ms;
  test::ClientAttempt attempt{request.operation, request.key, now_ms, now_ms, "unknown", 0, {}};
  if (!is_lost && answer) {
    attempt.outcome = "ok";
    attempt.status = 201;
    attempt.order_id = answer->order_id.text;
  } else if (!is_lost && answer.error().kind != Kind::conflict && answer.error().kind < Kind::limited) {
    attempt.outcome = "failed";
  }
  std::ofstream(history_, std::ios::app) << test::line_of(attempts_, attempt);
  ++answers_;
}

}  // namespace seamline::mistakes
