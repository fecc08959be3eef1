#include "http/health.hpp"

#include "base/json.hpp"
#include "support/catch.hpp"

using namespace seamline;
using http::HealthCheck;
using http::Response;

namespace {

http::Dispatcher::Documents documents_of(std::vector<HealthCheck> checks) {
  http::Dispatcher::Documents documents;
  http::add_health(documents, "1.2.3", [checks] { return checks; });
  return documents;
}

Response answer_of(std::vector<HealthCheck> checks, const std::string& path) {
  return documents_of(std::move(checks)).at(path)();
}

const HealthCheck good{"order", HealthCheck::Status::pass, ""};
const HealthCheck doubtful{"payment", HealthCheck::Status::warn, "the remote module does not answer"};
const HealthCheck bad{"user", HealthCheck::Status::fail, "closed"};

}  // namespace

TEST_CASE("a process that runs is alive, however it is") {
  CHECK(answer_of({bad}, "/livez").status == 200);
  CHECK(answer_of({}, "/livez").headers.get("Cache-Control") == "no-store");
}

TEST_CASE("a host is ready unless a check fails, and says which") {
  CHECK(answer_of({good, doubtful}, "/readyz").status == 200);
  const Response not_ready = answer_of({good, bad}, "/readyz");
  CHECK(not_ready.status == 503);
  CHECK(not_ready.body == "[+]order pass\n[-]user fail: closed\nnot ready\n");
}

TEST_CASE("health is as bad as the worst check, and only a failure is no success") {
  const auto status_of_health = [](std::vector<HealthCheck> checks) {
    return json::parse(answer_of(std::move(checks), "/health").body).value().find("status")->text;
  };
  CHECK(status_of_health({good}) == "pass");
  CHECK(status_of_health({good, doubtful}) == "warn");
  CHECK(status_of_health({doubtful, bad, good}) == "fail");
  CHECK(answer_of({good, doubtful}, "/health").status == 200);
  CHECK(answer_of({bad}, "/health").status == 503);
}

TEST_CASE("health names version, checks and what is wrong with each") {
  const Response health = answer_of({good, doubtful}, "/health");
  CHECK(health.headers.get("Content-Type") == "application/health+json");
  const auto body = json::parse(health.body).value();
  CHECK(body.find("releaseId")->text == "1.2.3");
  const auto* payment = body.find("checks")->find("payment");
  REQUIRE(payment != nullptr);
  CHECK(payment->items.at(0).find("status")->text == "warn");
  CHECK(payment->items.at(0).find("output")->text == "the remote module does not answer");
  CHECK(body.find("checks")->find("order")->items.at(0).find("output") == nullptr);
}
