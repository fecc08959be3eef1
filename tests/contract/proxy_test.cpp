#include "contract/proxy.hpp"

#include "sample.hpp"
#include "support/catch.hpp"

using namespace seamline;
using sample::GetThing;
using sample::Thing;
using sample::ThingContract;

namespace {

class ScriptedTransport final : public Transport {
 public:
  Result<Answer> send(const CallContext& context, const RemoteOperation& operation, const EncodedRequest& request) override {
    request_id = context.request_id;
    path = operation.route.path;
    target = request.target;
    return answer;
  }
  Result<Answer> answer;
  std::string request_id;
  std::string path;
  std::string target;
};

const std::string thing_text = [] {
  Thing thing;
  thing.id.text = "t1";
  thing.name = "Box";
  return encode(thing);
}();

}  // namespace

TEST_CASE("a proxy sends the encoded request with its context, and reads the reply") {
  ScriptedTransport transport;
  transport.answer = Answer{200, thing_text, "", ""};
  Proxy<ThingContract> proxy(transport);
  Port<ThingContract>& port = proxy;
  CallContext context;
  context.request_id = "r1";
  CHECK(port.call(context, GetThing{{"t/1"}}).value().name == "Box");
  CHECK(transport.request_id == "r1");
  CHECK(transport.path == "/things/{id}");
  CHECK(transport.target == "/things/t%2F1");
}

TEST_CASE("a reply of a newer callee is read: unknown members are ignored") {
  ScriptedTransport transport;
  std::string newer = thing_text;
  newer.insert(1, "\"invented\":{\"later\":[1]},");
  transport.answer = Answer{200, newer, "", ""};
  Proxy<ThingContract> proxy(transport);
  CHECK(static_cast<Port<ThingContract>&>(proxy).call({}, GetThing{{"t1"}}).value().name == "Box");
}

TEST_CASE("an error of the callee comes through as it is") {
  ScriptedTransport transport;
  Error error;
  error.code = "thing.not_found";
  error.kind = Kind::not_found;
  error.detail = "No thing t1.";
  error.retryable = true;
  transport.answer = fail(error);
  Proxy<ThingContract> proxy(transport);
  CHECK(static_cast<Port<ThingContract>&>(proxy).call({}, GetThing{{"t1"}}).error() == error);
}

TEST_CASE("a reply that cannot be read is call.bad_reply: no fault of the request, and a question may be asked again") {
  ScriptedTransport transport;
  Proxy<ThingContract> proxy(transport);
  for (const std::string& body : {std::string(), std::string("<html>"), std::string("{}"), std::string("[]"),
                                  thing_text.substr(0, thing_text.size() - 1), thing_text + "x", std::string(9'000'000, ' ')}) {
    INFO(body.substr(0, 20));
    transport.answer = Answer{200, body, "", ""};
    const auto reply = static_cast<Port<ThingContract>&>(proxy).call({}, GetThing{{"t1"}});
    REQUIRE_FALSE(reply.has_value());
    CHECK(reply.error().code == "call.bad_reply");
    CHECK(reply.error().kind == Kind::unavailable);
    CHECK(reply.error().violations.empty());
    CHECK(reply.error().from_seam);
    CHECK_FALSE(reply.error().may_have_run);
    CHECK(reply.error().retryable);
  }
}

TEST_CASE("a change whose reply cannot be read may have run, and may be repeated only where that is harmless") {
  RemoteOperation change{"thing", "thing.change", {Verb::post, "/things"}, Access::user, Repeat::with_key};
  Error reason;
  reason.detail = "/id is missing.";
  CallContext with_key;
  with_key.idempotency_key = "k1";
  const Error error = unreadable_reply(change, {}, reason);
  CHECK(error.may_have_run);
  CHECK_FALSE(error.retryable);
  CHECK(error.detail.find("/id is missing.") != std::string::npos);
  CHECK(unreadable_reply(change, with_key, reason).retryable);
  change.repeat = Repeat::never;
  CHECK_FALSE(unreadable_reply(change, with_key, reason).retryable);
  change.repeat = Repeat::safe;
  CHECK(unreadable_reply(change, {}, reason).retryable);
  CHECK(unreadable_reply(change, {}, reason).may_have_run);
}
