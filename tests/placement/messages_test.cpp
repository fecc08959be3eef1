#include "contract/events.hpp"
#include "inventory/contract.hpp"
#include "order/contract.hpp"
#include "payment/contract.hpp"
#include "support/arbitrary.hpp"
#include "support/catch.hpp"
#include "support/loopback.hpp"
#include "support/manual_clock.hpp"
#include "user/contract.hpp"

/// What goes through bytes comes out as it went in, for every event, operation and reply of the four contracts.
using namespace seamline;
using test::arbitrary_message;
using test::same;

namespace {

/// Keeps the operation that it was called with, and answers what it is told to.
template <AContract C>
class Recorder final : public Overrides<C, Recorder<C>> {
 public:
  template <Operation Op>
  Result<typename Op::Reply> run(const CallContext& context, const Op& operation) {
    seen_context = context;
    seen = std::make_shared<const Op>(operation);
    if (error) return fail(*error);
    return *static_cast<const typename Op::Reply*>(reply);
  }
  CallContext seen_context;
  std::shared_ptr<const void> seen;
  const void* reply = nullptr;
  std::optional<Error> error;
};

template <AContract C>
void check_contract() {
  test::ManualClock clock;
  Recorder<C> recorder;
  test::Loopback loopback(routes_of<C>(recorder), clock);
  Proxy<C> proxy(loopback);
  for_each_event(typename C::events{}, [&]<Event E>() {
    rc::prop("event " + std::string(E::type.name), [] {
      const E event = arbitrary_message<E>();
      const std::string bytes = encode_event(event);
      const auto read = decode_event<E>(bytes);
      RC_ASSERT(read.has_value());
      RC_ASSERT(same(*read, event));
      RC_ASSERT(encode_event(*read) == bytes);
    });
  });
  for_each_operation(typename C::operations{}, [&]<Operation Op>() {
    rc::prop("operation " + std::string(Op::name), [&] {
      const Op operation = arbitrary_message<Op>();
      const auto read = decode<Op>(encode(operation), Reading::strict);
      RC_ASSERT(read.has_value());
      RC_ASSERT(same(*read, operation));

      const auto reply = arbitrary_message<typename Op::Reply>();
      recorder.reply = &reply;
      recorder.seen.reset();
      const auto answer = proxy.call(CallContext{}, operation);
      if (!answer) RC_FAIL(answer.error().code + ": " + answer.error().detail);
      RC_ASSERT(same(*static_cast<const Op*>(recorder.seen.get()), operation));
      RC_ASSERT(same(*answer, reply));
    });
  });
}

}  // namespace

TEST_CASE("user: every event, operation and reply comes out of the bytes as it went in") { check_contract<user::UserContract>(); }
TEST_CASE("order: every event, operation and reply comes out of the bytes as it went in") {
  check_contract<order::OrderContract>();
}
TEST_CASE("payment: every event, operation and reply comes out of the bytes as it went in") {
  check_contract<payment::PaymentContract>();
}
TEST_CASE("inventory: every event, operation and reply comes out of the bytes as it went in") {
  check_contract<inventory::InventoryContract>();
}

TEST_CASE("an error comes out of the bytes as it went in: kind, flags, violations and all") {
  test::ManualClock clock;
  Recorder<payment::PaymentContract> recorder;
  test::Loopback loopback(routes_of<payment::PaymentContract>(recorder), clock);
  Proxy<payment::PaymentContract> proxy(loopback);
  rc::prop("any error", [&](bool may_have_run, bool retryable, bool from_seam) {
    Error error;
    error.code = "module." + *rc::gen::element<std::string>("fenced", "moved", "draining");
    error.kind = static_cast<Kind>(*rc::gen::inRange(0, static_cast<int>(Kind::internal) + 1));
    error.detail = test::arbitrary_text(0, 40);
    error.may_have_run = may_have_run;
    error.retryable = retryable;
    error.from_seam = from_seam;
    error.retry_after_ms = *rc::gen::element<std::int64_t>(0, 1, 999, 1000, 30'500);
    for (int i = *rc::gen::inRange(0, 3); i > 0; --i)
      error.violations.push_back({"/items/" + std::to_string(i) + "/a~1b", test::arbitrary_text(1, 20)});
    recorder.error = error;
    RC_ASSERT(proxy.call({}, payment::GetPayment{{"p1"}}).error() == error);
  });
}

TEST_CASE("a call's context comes out of the bytes as it went in, its deadline as the time that is left") {
  test::ManualClock clock;
  Recorder<order::OrderContract> recorder;
  const order::Order reply{};
  recorder.reply = &reply;
  test::Loopback loopback(routes_of<order::OrderContract>(recorder), clock);
  Proxy<order::OrderContract> proxy(loopback);
  CallContext context;
  context.request_id = "request-1";
  context.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  context.idempotency_key = "key:1";
  context.wait_ms = 2'000;
  context.deadline = clock.monotonic().plus_ms(1'234);
  for (const Role role : {Role::anonymous, Role::user, Role::admin, Role::service}) {
    context.caller = {role, role == Role::user ? "0190-u1" : ""};
    (void)proxy.call(context, order::PlaceOrder{{{{"p1"}, 1}}, std::nullopt, std::nullopt});
    const CallContext& seen = recorder.seen_context;
    CHECK(seen.request_id == context.request_id);
    CHECK(seen.traceparent == context.traceparent);
    CHECK(seen.idempotency_key == context.idempotency_key);
    CHECK(seen.wait_ms == context.wait_ms);
    CHECK(seen.deadline == context.deadline);
    CHECK(seen.caller.role == role);
    CHECK(seen.caller.subject == context.caller.subject);
  }
  (void)proxy.call({}, order::GetOrder{{"o1"}});
  CHECK(recorder.seen_context.deadline == Instant::never());
}

TEST_CASE("what a client says of its own identity and deadline is not believed") {
  test::ManualClock clock;
  CallContext context;
  context.caller = {Role::admin, "root"};
  context.deadline = clock.monotonic().plus_ms(5);
  context.request_id = "r1";
  const http::Headers headers = http::write_context(context, clock);
  const auto read = http::read_context(headers, http::Peer::client, clock).value();
  CHECK(read.caller.role == Role::anonymous);
  CHECK(read.caller.subject.empty());
  CHECK(read.deadline == Instant::never());
  CHECK(read.request_id == "r1");
}

TEST_CASE("a service whose headers make no sense is refused") {
  test::ManualClock clock;
  CHECK(http::read_context({}, http::Peer::service, clock).error().code == "request.bad_context");
  for (const char* left : {"", "soon", "-1", "5 ", "99999999999999999999"}) {
    http::Headers headers;
    headers.add(std::string(http::caller_role_header), "user");
    headers.add(std::string(http::time_left_header), left);
    CHECK(http::read_context(headers, http::Peer::service, clock).error().code == "request.bad_context");
  }
}

TEST_CASE("an answer that is no problem of ours is an error with the kind of its status") {
  http::Response response;
  response.status = 503;
  response.body = "<html>proxy</html>";
  CHECK(http::read_problem(response).kind == Kind::unavailable);
  CHECK(http::read_problem(response).code == "call.bad_reply");
  response.status = 418;
  response.body = R"({"code": 7})";
  CHECK(http::read_problem(response).kind == Kind::internal);
  CHECK(http::read_problem(response).code == "call.bad_reply");
}
