#include "http/health.hpp"

#include <algorithm>
#include <array>

#include "base/json.hpp"

namespace seamline::http {
namespace {

using Status = HealthCheck::Status;

constexpr std::array<std::string_view, 3> status_names{"pass", "warn", "fail"};
std::string_view name_of(Status status) { return status_names[static_cast<std::size_t>(status)]; }

Status worst_of(const std::vector<HealthCheck>& checks) {
  Status worst = Status::pass;
  for (const HealthCheck& check : checks) worst = std::max(worst, check.status);
  return worst;
}

Response text(int status, std::string body) {
  Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.headers.add("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

Response readiness(const std::vector<HealthCheck>& checks) {
  std::string body;
  for (const HealthCheck& check : checks) {
    body += (check.status == Status::fail ? "[-]" : "[+]") + check.name + " " + std::string(name_of(check.status));
    if (!check.detail.empty()) body += ": " + check.detail;
    body += "\n";
  }
  const bool is_ready = worst_of(checks) != Status::fail;
  return text(is_ready ? 200 : 503, body + (is_ready ? "ready\n" : "not ready\n"));
}

Response health(const std::vector<HealthCheck>& checks, const std::string& version) {
  Response response;
  const Status worst = worst_of(checks);
  response.status = worst == Status::fail ? 503 : 200;
  response.headers.add("Content-Type", "application/health+json");
  response.headers.add("Cache-Control", "no-store");
  json::Writer writer(response.body);
  writer.begin_object();
  writer.member("status", name_of(worst));
  writer.member("version", "1");
  writer.member("releaseId", version);
  writer.key("checks");
  writer.begin_object();
  for (const HealthCheck& check : checks) {
    writer.escaped_key(check.name);
    writer.begin_array();
    writer.begin_object();
    writer.member("status", name_of(check.status));
    if (!check.detail.empty()) writer.member("output", check.detail);
    writer.end_object();
    writer.end_array();
  }
  writer.end_object();
  writer.end_object();
  return response;
}

}  // namespace

void add_health(Dispatcher::Documents& documents, std::string version, HealthSource source) {
  documents["/livez"] = [] { return text(200, "alive\n"); };
  documents["/readyz"] = [source] { return readiness(source()); };
  documents["/health"] = [source, version = std::move(version)] { return health(source(), version); };
}

}  // namespace seamline::http
