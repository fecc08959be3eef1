#include "host/remote_watch.hpp"

#include <atomic>

#include "http/server.hpp"
#include "support/catch.hpp"
#include "support/manual_clock.hpp"

using namespace seamline;
using host::RemoteHealth;

namespace {

/// A service that answers as the test wants.
class FakeService {
 public:
  std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  std::atomic<int> contract_status{200};
  std::atomic<int> ready_status{200};
  std::atomic<int> contract_looks{0};
  std::atomic<int> ready_looks{0};

 private:
  http::Response answer(const http::Request& request) {
    const bool is_contract = request.path == "/contract";
    ++(is_contract ? contract_looks : ready_looks);
    return {is_contract ? contract_status.load() : ready_status.load(), {}, is_contract ? "payment" : "ready"};
  }

  const std::unique_ptr<http::Server> server_ =
      http::Server::start({}, [this](const http::Request& request) { return answer(request); }).value();
};

struct Watched {
  explicit Watched(const std::string& url, std::string wanted = "payment")
      : endpoint(url),
        watch("payment", endpoint,
              [wanted](std::string_view document) -> Result<void> {
                if (document == wanted) return {};
                return fail(ErrorCode{"call.contract_mismatch", Kind::unavailable}, "it is no " + wanted);
              },
              clock, {.first_poll_ms = 25, .poll_ms = 2'000, .timeout_ms = 5'000}) {}

  void step_after(std::int64_t ms) {
    clock.advance_ms(ms);
    CHECK(!watch.step());
  }

  test::ManualClock clock;
  http::FixedEndpoint endpoint;
  host::RemoteWatch watch;
};

}  // namespace

TEST_CASE("a module elsewhere is well once it has shown its contract and is ready") {
  FakeService service;
  Watched watched(service.url());
  CHECK(watched.watch.health() == RemoteHealth::unknown);
  CHECK(!watched.watch.has_answered());
  watched.step_after(0);
  CHECK(watched.watch.health() == RemoteHealth::well);
  CHECK(watched.watch.has_answered());
  CHECK(watched.watch.detail().empty());
}

TEST_CASE("it is looked at often until it is well, and now and then afterwards") {
  FakeService service;
  service.ready_status = 503;
  Watched watched(service.url());
  watched.step_after(0);
  CHECK(watched.watch.health() == RemoteHealth::down);
  CHECK(watched.watch.has_answered());
  CHECK(watched.watch.detail().find("503") != std::string::npos);
  service.ready_status = 200;
  watched.step_after(24);
  CHECK(service.ready_looks == 1);
  watched.step_after(1);
  CHECK(watched.watch.health() == RemoteHealth::well);
  watched.step_after(1'999);
  CHECK(service.ready_looks == 2);
  watched.step_after(1);
  CHECK(service.ready_looks == 3);
}

TEST_CASE("one that nobody answers for is down, and never counted as one that has answered") {
  std::string url;
  {
    FakeService gone;
    url = gone.url();
  }
  Watched watched(url);
  watched.step_after(0);
  CHECK(watched.watch.health() == RemoteHealth::down);
  CHECK(!watched.watch.has_answered());
  CHECK(!watched.watch.detail().empty());
}

TEST_CASE("a service of another contract is told from one that is down") {
  FakeService service;
  Watched watched(service.url(), "order");
  watched.step_after(0);
  CHECK(watched.watch.health() == RemoteHealth::mismatched);
  CHECK(!watched.watch.has_answered());
  CHECK(watched.watch.detail() == "it is no order");
}

TEST_CASE("one that was down shows its contract again: it may be another build") {
  FakeService service;
  Watched watched(service.url());
  watched.step_after(0);
  watched.step_after(2'000);
  CHECK(service.contract_looks == 1);
  service.ready_status = 503;
  watched.step_after(2'000);
  CHECK(watched.watch.health() == RemoteHealth::down);
  CHECK(watched.watch.has_answered());
  service.ready_status = 200;
  watched.step_after(2'000);
  CHECK(watched.watch.health() == RemoteHealth::well);
  CHECK(service.contract_looks == 2);
}
