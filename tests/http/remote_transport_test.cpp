#include "http/remote_transport.hpp"

#include <atomic>

#include "http/headers.hpp"
#include "http/problem.hpp"
#include "http/server.hpp"
#include "security/service_tokens.hpp"
#include "support/arbitrary.hpp"
#include "support/catch.hpp"
#include "support/hostile_server.hpp"
#include "support/manual_clock.hpp"
#include "support/notes.hpp"

using namespace seamline;
using http::RemoteTransport;
using http::Request;
using http::Response;
using test::HostileServer;
using Peer = HostileServer::Peer;

namespace {

constexpr RemoteOperation write_note = remote_operation<test::NoteContract, test::WriteNote>;
constexpr RemoteOperation copy_note = remote_operation<test::NoteContract, test::CopyNote>;
constexpr RemoteOperation read_note{"note", "note.read", {Verb::get, "/notes/{note_id}"}, Access::user, Repeat::safe};
constexpr RemoteOperation get_token{
    "user", "user.token", {Verb::post, "/oauth/token", "", BodyFormat::form}, Access::anyone, Repeat::never};

/// Remembers what it was told.
class Watched final : public http::Endpoints {
 public:
  explicit Watched(std::string url) : url_(std::move(url)) {}
  Result<std::string> choose() override {
    if (url_.empty()) return fail(ErrorCode{"call.no_instance", Kind::unavailable}, "None is known.");
    return url_;
  }
  void report(const std::string& url, bool has_answered) override { reports += url == url_ ? (has_answered ? "+" : "-") : "?"; }

  std::string reports;

 private:
  const std::string url_;
};

/// A service that gives one response to every request, and its caller.
struct Service {
  explicit Service(const security::ServiceTokens::Source& issuer = {}) {
    server = http::Server::start({}, [this](const Request& request) {
               last = request;
               ++requests;
               const bool is_distrusted = !distrusted.empty() && request.headers.get("Authorization").starts_with(distrusted);
               return is_distrusted ? http::problem(401, "request.untrusted_service", "No.", "r1") : response;
             }).value();
    endpoints = std::make_unique<Watched>("http://127.0.0.1:" + std::to_string(server->port()));
    if (issuer) tokens = std::make_unique<security::ServiceTokens>(issuer, clock);
    transport = std::make_unique<RemoteTransport>(*endpoints, clock, RemoteTransport::Options(), tokens.get());
  }
  Result<Answer> send(const CallContext& context, const RemoteOperation& operation = write_note) {
    return transport->send(context, operation, {"/notes?a=1&b=2", "{\"number\":1}"});
  }
  Error error_of(const RemoteOperation& operation = write_note, const CallContext& context = {}) {
    return send(context, operation).error();
  }
  void answer(int status, const std::string& content_type, const std::string& body) {
    response = {};
    response.status = status;
    if (!content_type.empty()) response.headers.add("Content-Type", content_type);
    response.body = body;
  }

  test::ManualClock clock;
  Response response;
  /// What the Authorization begins with that the service does not believe.
  std::string distrusted;
  Request last;
  std::atomic<int> requests{0};
  std::unique_ptr<http::Server> server;
  std::unique_ptr<Watched> endpoints;
  std::unique_ptr<security::ServiceTokens> tokens;
  std::unique_ptr<RemoteTransport> transport;
};

CallContext of_user() {
  CallContext context;
  context.caller = {Role::user, "u1"};
  return context;
}

/// The error of a call to a hostile server, whose next call to it succeeds.
Error error_of(HostileServer::Script script, const RemoteOperation& operation, const CallContext& context = {}) {
  HostileServer server(HostileServer::at_first([script = std::move(script)](Peer& peer) {
    peer.read_request();
    script(peer);
  }));
  Watched endpoints(server.url());
  RemoteTransport::Options options;
  options.pool.client.time = {.connect_ms = 500, .first_byte_ms = 150, .total_ms = 300};
  RemoteTransport transport(endpoints, Clock::system(), options);
  const auto first = transport.send(context, operation, {"/notes", "{}"});
  RemoteOperation reading = read_note;
  CHECK(transport.send(context, reading, {"/notes/1", ""}).has_value());
  CHECK(endpoints.reports == "-+");
  REQUIRE_FALSE(first.has_value());
  return first.error();
}

}  // namespace

TEST_CASE("a remote call is one request: verb, target, body and context, and its answer with notes, Location and ETag") {
  Service service;
  service.answer(201, "application/json; charset=utf-8", "{}");
  service.response.headers.add("Location", "/notes/n1");
  service.response.headers.add("ETag", "\"v3\"");
  service.response.headers.add("Preference-Applied", "wait");
  service.response.headers.add("Idempotent-Replayed", "true");
  CallNotes notes;
  CallContext context;
  context.request_id = "r1";
  context.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  context.caller = {Role::user, "u1"};
  context.caller_token = "a.b.c";
  context.deadline = service.clock.monotonic().plus_ms(2'500);
  context.idempotency_key = "k1";
  context.wait_ms = 1'000;
  context.notes = &notes;
  const auto answer = service.send(context);
  REQUIRE(answer.has_value());
  CHECK(answer->status == 201);
  CHECK(answer->body == "{}");
  CHECK(answer->location == "/notes/n1");
  CHECK(answer->etag == "\"v3\"");
  CHECK(notes.waited);
  CHECK(notes.replayed);
  CHECK(service.endpoints->reports == "+");
  CHECK(service.last.method == "POST");
  CHECK(service.last.path == "/notes");
  CHECK(service.last.query == "a=1&b=2");
  CHECK(service.last.body == "{\"number\":1}");
  CHECK(service.last.headers.get("Content-Type") == "application/json");
  CHECK_FALSE(service.last.headers.has("Authorization"));
  const auto read = http::read_context(service.last.headers, http::Peer::service, service.clock).value();
  CHECK(read.request_id == "r1");
  CHECK(read.traceparent == context.traceparent);
  CHECK(read.caller.role == Role::user);
  CHECK(read.caller.subject == "u1");
  CHECK(read.caller_token == "a.b.c");
  CHECK(read.idempotency_key == "k1");
  CHECK(read.wait_ms == 1'000);
  CHECK(read.deadline == context.deadline);
}

TEST_CASE("the deadline that a callee gets is what is left of the caller's, and a call without time is not sent") {
  Service service;
  service.answer(201, "application/json", "{}");
  CallContext context;
  context.deadline = service.clock.monotonic().plus_ms(500);
  service.clock.advance_ms(200);
  CHECK(service.send(context).has_value());
  CHECK(service.last.headers.get("Seamline-Time-Left-Ms") == "300");
  service.clock.advance_ms(300);
  const auto late = service.send(context);
  REQUIRE_FALSE(late.has_value());
  CHECK(late.error().code == "call.deadline_exceeded");
  CHECK(late.error().kind == Kind::deadline_exceeded);
  CHECK_FALSE(late.error().may_have_run);
  CHECK(late.error().retryable);
  CHECK(service.requests == 1);
  CHECK(service.endpoints->reports == "+");
}

TEST_CASE("a service's token goes with every request but those that anyone may send") {
  std::atomic<int> asked{0};
  Service service([&](std::string_view module) -> Result<security::ServiceToken> {
    ++asked;
    if (module != "note") return fail(ErrorCode{"call.unavailable", Kind::unavailable}, "No token.");
    return security::ServiceToken{"t1", 300};
  });
  service.answer(201, "application/json", "{}");
  CHECK(service.send({}).has_value());
  CHECK_FALSE(service.last.headers.has("Authorization"));
  CHECK(asked == 0);
  CHECK(service.send(of_user()).has_value());
  CHECK(service.last.headers.get("Authorization") == "Bearer t1");
  service.answer(200, "application/json", "{}");
  CHECK(service.send({}, read_note).has_value());
  CHECK(service.last.headers.get("Authorization") == "Bearer t1");
  RemoteOperation other = read_note;
  other.module = "user";
  CHECK(service.error_of(other).code == "request.no_service_token");
  CHECK(service.requests == 3);
}

TEST_CASE("a call whose token the service no longer believes is sent once more, with a new one") {
  int issued = 0;
  Service service([&](std::string_view) -> Result<security::ServiceToken> {
    return security::ServiceToken{"t" + std::to_string(++issued), 300};
  });
  service.answer(201, "application/json", "{}");
  CHECK(service.send(of_user()).has_value());
  service.clock.advance_ms(2'000);
  service.distrusted = "Bearer t1";
  CHECK(service.send(of_user()).has_value());
  CHECK(service.last.headers.get("Authorization") == "Bearer t2");
  CHECK(service.requests == 3);
  CHECK(service.endpoints->reports == "++");
  // A token that is just new is not replaced: the issuer is not to be loaded by a refusal that a new one does not end.
  service.distrusted = "Bearer t";
  CHECK(service.error_of(copy_note, of_user()).code == "call.refused");
  CHECK(service.requests == 4);
  service.clock.advance_ms(2'000);
  CHECK(service.error_of(copy_note, of_user()).code == "call.refused");
  CHECK(service.requests == 6);
  CHECK(issued == 3);
}

TEST_CASE("a call whose time ended while a token was fetched is not sent, and says nothing of the service") {
  Service* running = nullptr;
  Service service([&](std::string_view) -> Result<security::ServiceToken> {
    running->clock.advance_ms(400);
    return security::ServiceToken{"t1", 300};
  });
  running = &service;
  service.answer(201, "application/json", "{}");
  auto context = of_user();
  context.deadline = service.clock.monotonic().plus_ms(300);
  const Error late = service.error_of(write_note, context);
  CHECK(late.code == "call.deadline_exceeded");
  CHECK(late.from_seam);
  CHECK(late.retryable);
  CHECK(service.requests == 0);
  CHECK(service.endpoints->reports.empty());
}

TEST_CASE("an error comes over HTTP as it is in the process, with every flag") {
  Service service;
  rc::prop("every error", [&] {
    Error error;
    error.code = *rc::gen::element<std::string>("note.refused", "user.not_found", "internal.unexpected", "call.unavailable",
                                                "call.bad_reply", "call.deadline_exceeded", "call.refused");
    error.kind = static_cast<Kind>(*rc::gen::inRange(0, static_cast<int>(Kind::internal) + 1));
    error.detail = test::arbitrary_text(0, 200);
    error.may_have_run = *rc::gen::arbitrary<bool>();
    error.retryable = *rc::gen::arbitrary<bool>();
    error.from_seam = *rc::gen::arbitrary<bool>();
    error.retry_after_ms = *rc::gen::inRange<std::int64_t>(0, 100'000);
    for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
      error.violations.push_back({"/" + test::arbitrary_text(0, 20), test::arbitrary_text(1, 20)});
    }
    service.response = http::problem(error, "r1");
    service.endpoints->reports.clear();
    RC_ASSERT(service.error_of() == error);
    // Also where it tells of a call of the module's own that failed: this instance is well.
    RC_ASSERT(service.endpoints->reports == "+");
  });
}

TEST_CASE("an error in OAuth's form comes back with its own code") {
  Service service;
  Error error;
  error.code = "oauth.invalid_grant";
  error.kind = Kind::malformed;
  error.detail = "Wrong password.";
  service.response = http::oauth_problem(error, "r1");
  CHECK(service.error_of(get_token) == error);
  CHECK(service.error_of(write_note).code == "call.bad_reply");
}

TEST_CASE("an answer that is none of a module's is a bad reply, and what changes something may have run") {
  Service service;
  const auto check_bad = [&] {
    const Error writing = service.error_of(copy_note, of_user());
    CHECK(writing.code == "call.bad_reply");
    CHECK(writing.kind == Kind::unavailable);
    CHECK(writing.may_have_run);
    CHECK_FALSE(writing.retryable);
    CHECK_FALSE(service.error_of(read_note).may_have_run);
    CHECK(service.error_of(read_note).retryable);
    auto with_key = of_user();
    with_key.idempotency_key = "k1";
    CHECK(service.error_of(copy_note, with_key).retryable);
  };
  for (const int status : {302, 304, 204, 201, 202}) {
    service.answer(status, "application/json", "{}");
    check_bad();
  }
  for (const char* type : {"", "text/html", "application/jsonx", "application/problem+json"}) {
    service.answer(200, type, "{}");
    check_bad();
  }
  service.answer(502, "text/html", "<h1>Bad Gateway</h1>");
  check_bad();
  service.answer(404, "text/html", "<h1>Not Found</h1>");
  check_bad();
  service.answer(500, "application/problem+json", "not even JSON");
  check_bad();
  service.answer(502, "application/problem+json", R"({"code":"proxy.broken"})");
  check_bad();
  CHECK(service.endpoints->reports.find('+') == std::string::npos);
}

TEST_CASE("a bad reply that the callee itself got is the callee's error, and no fault of its own") {
  Service service;
  Error error;
  error.code = "call.bad_reply";
  error.kind = Kind::unavailable;
  error.detail = "The service of user gave a reply that cannot be read.";
  error.from_seam = true;
  error.retryable = true;
  service.response = http::problem(error, "r1");
  CHECK(service.error_of(copy_note, of_user()) == error);
  CHECK(service.endpoints->reports == "+");
}

TEST_CASE("what the service refuses is not taken for the operation's own error, and has not run") {
  Service service;
  const auto refused = [&](int status, std::string_view code, const CallContext& context) {
    service.response = http::problem(status, code, "No.", "r1");
    const Error error = service.error_of(copy_note, context);
    CHECK_FALSE(error.may_have_run);
    return error.code + (error.kind == Kind::unavailable ? " unavailable" : "");
  };
  const auto user = of_user();
  CHECK(refused(404, "request.no_such_route", user) == "call.refused unavailable");
  CHECK(refused(405, "request.method_not_allowed", user) == "call.refused unavailable");
  CHECK(refused(415, "request.wrong_content_type", user) == "call.refused unavailable");
  CHECK(refused(400, "request.bad_context", user) == "call.refused unavailable");
  CHECK(refused(401, "request.untrusted_service", user) == "call.refused unavailable");
  CHECK(refused(401, "request.unauthenticated", user) == "call.refused unavailable");
  CHECK(refused(401, "request.invalid_token", user) == "call.refused unavailable");
  CHECK(refused(403, "request.forbidden", user) == "call.refused unavailable");
  CHECK(service.endpoints->reports == "--------");
  // These are what the operation says of its caller, or of itself.
  CHECK(refused(401, "request.unauthenticated", {}) == "request.unauthenticated");
  auto with_token = user;
  with_token.caller_token = "a.b.c";
  CHECK(refused(401, "request.invalid_token", with_token) == "request.invalid_token");
  CHECK(refused(404, "note.not_found", user) == "note.not_found");
  CHECK(refused(403, "note.not_yours", user) == "note.not_yours");
  CHECK(service.endpoints->reports == "--------++++");
}

TEST_CASE("what a customer hears of a failed carriage names the module, not its address nor what the service said") {
  const auto is_discreet = [](const Error& error, const std::string& address) {
    return error.detail.starts_with("The service of note ") && error.detail.find(address) == std::string::npos &&
           error.detail.find("http:") == std::string::npos && error.detail.find("10.0.0.7") == std::string::npos;
  };
  Service service;
  const std::string address = std::to_string(service.server->port());
  service.response = http::problem(401, "request.untrusted_service", "Ask 10.0.0.7.", "r1");
  CHECK(is_discreet(service.error_of(copy_note, of_user()), address));
  service.response = http::problem(502, "10.0.0.7.broken", "Behind 10.0.0.7.", "r1");
  CHECK(is_discreet(service.error_of(copy_note, of_user()), address));
  service.server.reset();
  const Error away = service.error_of(copy_note, of_user());
  CHECK(away.code == "call.unavailable");
  CHECK(is_discreet(away, address));
  CHECK(is_discreet(error_of([](Peer& peer) { peer.reset(); }, write_note), "127.0.0.1"));
  CHECK(is_discreet(error_of([](Peer& peer) { peer.send("nonsense\r\n\r\n"); }, write_note), "127.0.0.1"));
}

TEST_CASE("a service without a free place refuses for a moment") {
  Service service;
  service.response = http::problem(503, "http.too_many_connections", "All are in use.", {});
  const Error error = service.error_of(copy_note, of_user());
  CHECK(error.code == "call.refused");
  CHECK(error.retryable);
  CHECK(error.retry_after_ms == 1'000);
  CHECK_FALSE(error.may_have_run);
}

TEST_CASE("where no instance is known, or none listens, the call has not run") {
  Watched nowhere("");
  RemoteTransport to_nowhere(nowhere, Clock::system(), {});
  CHECK(to_nowhere.send({}, write_note, {"/notes", "{}"}).error().code == "call.no_instance");
  std::string url;
  {
    const HostileServer gone([](Peer&) {});
    url = gone.url();
  }
  Watched endpoints(url);
  RemoteTransport transport(endpoints, Clock::system(), {});
  const Error error = transport.send({}, write_note, {"/notes", "{}"}).error();
  CHECK(error.code == "call.unavailable");
  CHECK_FALSE(error.may_have_run);
  CHECK(error.retryable);
  CHECK(endpoints.reports == "-");
}

TEST_CASE("what a hostile server does to a remote call is a typed error, and the next call is not touched by it") {
  const auto silent = error_of([](Peer& peer) { peer.wait_for_end(); }, write_note);
  CHECK(silent.code == "call.deadline_exceeded");
  CHECK(silent.kind == Kind::deadline_exceeded);
  CHECK(silent.may_have_run);
  CHECK_FALSE(silent.retryable);
  CHECK(error_of([](Peer& peer) { peer.drip(HostileServer::good_answer, 50); }, write_note).code == "call.deadline_exceeded");
  const auto reset = error_of([](Peer& peer) { peer.reset(); }, write_note);
  CHECK(reset.code == "call.unavailable");
  CHECK(reset.may_have_run);
  CHECK_FALSE(reset.retryable);
  CHECK_FALSE(error_of([](Peer& peer) { peer.reset(); }, read_note).may_have_run);
  CHECK(error_of([](Peer& peer) { peer.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"); }, write_note).code ==
        "call.bad_reply");
  const std::string large = "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + std::string(10'000'000, ' ');
  CHECK(error_of([&](Peer& peer) { peer.send(large); }, write_note).code == "call.bad_reply");
}

TEST_CASE("the caller's deadline ends a call before the transport's own limit does") {
  HostileServer server([](Peer& peer) { peer.wait_for_end(); });
  Watched endpoints(server.url());
  RemoteTransport transport(endpoints, Clock::system(), {});
  CallContext context;
  const Instant begin = Clock::system().monotonic();
  context.deadline = begin.plus_ms(100);
  const Error error = transport.send(context, write_note, {"/notes", "{}"}).error();
  CHECK(error.code == "call.deadline_exceeded");
  CHECK(error.may_have_run);
  CHECK(begin.ms_until(Clock::system().monotonic()) < 5'000);
}
