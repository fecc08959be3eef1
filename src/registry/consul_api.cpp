#include "registry/consul_api.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/hash.hpp"
#include "contract/wire.hpp"
#include "http/address.hpp"
#include "registry/duration.hpp"

namespace seamline::registry {
namespace {

/// `a=1&b`, decoded. Unlike elsewhere a name may stand more than once: an instance must then have all the tags.
using Query = std::vector<std::pair<std::string, std::string>>;
constexpr std::size_t max_parameters = 64;

Result<Query> read_query(std::string_view text) {
  Query query;
  while (!text.empty()) {
    const auto end = text.find('&');
    const std::string_view pair = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1), true);
    if (!name || !value || query.size() >= max_parameters) return fail(errors::invalid, "The query cannot be read.");
    query.emplace_back(std::move(*name), std::move(*value));
  }
  return query;
}

http::Response text_response(int status, std::string text) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "text/plain; charset=utf-8");
  response.body = std::move(text);
  return response;
}

http::Response json_response(std::string body, int status = 200) {
  http::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response error_response(const Error& error) {
  const int status = error.kind == Kind::not_found ? 404 : error.kind == Kind::limited ? 429 : 400;
  return text_response(status, error.detail);
}

http::Response done(const Result<void>& result) { return result ? http::Response() : error_response(result.error()); }

void add_query_meta(http::Response& response, std::uint64_t index) {
  response.headers.add("X-Consul-Index", std::to_string(index));
  response.headers.add("X-Consul-KnownLeader", "true");
  response.headers.add("X-Consul-LastContact", "0");
}

}  // namespace

struct ConsulApi::Call {
  const http::Request& request;
  /// What the path says behind its route, decoded.
  std::string name;
  Query query;

  const std::string* find(std::string_view parameter) const {
    const auto found = std::find_if(query.begin(), query.end(), [&](const auto& pair) { return pair.first == parameter; });
    return found == query.end() ? nullptr : &found->second;
  }
  std::string text(std::string_view parameter) const {
    const std::string* value = find(parameter);
    return value ? *value : std::string();
  }
  /// A flag is set by its name alone, too.
  bool flag(std::string_view parameter) const {
    const std::string* value = find(parameter);
    return value && *value != "false" && *value != "0";
  }
  bool has_all_tags(const Registration& registration) const {
    return std::all_of(query.begin(), query.end(), [&](const auto& pair) {
      return pair.first != "tag" ||
             std::find(registration.tags.begin(), registration.tags.end(), pair.second) != registration.tags.end();
    });
  }
};

/// A path that ends with a slash has a name behind it.
const ConsulApi::Route ConsulApi::routes[] = {
    {"PUT", "/v1/agent/service/register", &ConsulApi::add_service},
    {"PUT", "/v1/agent/service/deregister/", &ConsulApi::remove_service},
    {"PUT", "/v1/agent/service/maintenance/", &ConsulApi::maintain},
    {"PUT", "/v1/agent/check/update/", &ConsulApi::update_check},
    {"PUT", "/v1/agent/check/pass/", &ConsulApi::pass_check},
    {"PUT", "/v1/agent/check/warn/", &ConsulApi::warn_check},
    {"PUT", "/v1/agent/check/fail/", &ConsulApi::fail_check},
    {"GET", "/v1/agent/services", &ConsulApi::list_instances},
    {"GET", "/v1/agent/self", &ConsulApi::describe_self},
    {"GET", "/v1/agent/health/service/id/", &ConsulApi::instance_health},
    {"GET", "/v1/catalog/services", &ConsulApi::list_services},
    {"GET", "/v1/catalog/service/", &ConsulApi::catalog_service},
    {"GET", "/v1/health/service/", &ConsulApi::health_service},
    {"GET", "/v1/status/leader", &ConsulApi::leader},
};

http::Response ConsulApi::handle(const http::Request& request) {
  if (!is_allowed(request)) return text_response(403, "Permission denied");
  std::string_view allowed;
  for (const Route& route : routes) {
    const bool has_name = route.path.ends_with('/');
    if (has_name ? !request.path.starts_with(route.path) : request.path != route.path) continue;
    if (request.method != route.method) {
      allowed = route.method;
      continue;
    }
    auto name = percent_decode(std::string_view(request.path).substr(route.path.size()), false);
    auto query = read_query(request.query);
    if (!name || !query) return text_response(400, "The path or the query cannot be read.");
    if (has_name && name->empty()) return text_response(400, "A name is missing at the end of the path.");
    const Call call{request, std::move(*name), std::move(*query)};
    return (this->*route.handler)(call);
  }
  if (allowed.empty()) return text_response(404, "This registry does not answer this path.");
  http::Response response = text_response(405, "method " + request.method + " not allowed");
  response.headers.add("Allow", std::string(allowed));
  return response;
}

/// By their digests, so that the time it takes tells nothing of the token. Without a token only this machine is answered: a
/// browser on it would also ask for a web page whose author lets its own name lead here, and that name then stands in Host.
bool ConsulApi::is_allowed(const http::Request& request) const {
  if (token_.empty()) {
    const std::string host(request.headers.get("Host"));
    const auto address = http::address_of("http://" + host);
    return host.empty() || (address && http::is_loopback(address->host));
  }
  const std::string_view token = request.headers.get("X-Consul-Token");
  const std::string_view bearer = request.headers.get("Authorization");
  const bool has_bearer = token.empty() && bearer.starts_with("Bearer ");
  return sha256(has_bearer ? bearer.substr(7) : token) == sha256(token_);
}

http::Response ConsulApi::add_service(const Call& call) {
  if (call.request.body.size() > max_registration_bytes) return text_response(413, "Request body is too large.");
  auto registration = read_registration(call.request.body);
  if (!registration) return error_response(registration.error());
  return done(catalog_.add(std::move(*registration), call.flag("replace-existing-checks")));
}

http::Response ConsulApi::remove_service(const Call& call) { return done(catalog_.remove(call.name)); }

http::Response ConsulApi::maintain(const Call& call) {
  if (call.text("enable").empty()) return text_response(400, "Missing value for enable");
  return done(catalog_.set_maintenance(call.name, call.flag("enable"), call.text("reason")));
}

http::Response ConsulApi::update_check(const Call& call) {
  const auto update = read_check_update(call.request.body);
  if (!update) return error_response(update.error());
  return done(catalog_.update_check(call.name, update->status, update->output));
}

http::Response ConsulApi::pass_check(const Call& call) { return set_check(call, CheckStatus::passing); }
http::Response ConsulApi::warn_check(const Call& call) { return set_check(call, CheckStatus::warning); }
http::Response ConsulApi::fail_check(const Call& call) { return set_check(call, CheckStatus::critical); }
http::Response ConsulApi::set_check(const Call& call, CheckStatus status) {
  return done(catalog_.update_check(call.name, status, call.text("note")));
}

http::Response ConsulApi::list_instances(const Call&) {
  std::string body;
  json::Writer out(body);
  out.begin_object();
  for (const Instance& instance : catalog_.all_instances()) {
    out.escaped_key(instance.registration.id);
    write_agent_service(out, node_, instance);
  }
  out.end_object();
  return json_response(std::move(body));
}

http::Response ConsulApi::describe_self(const Call&) {
  std::string body;
  json::Writer out(body);
  out.begin_object();
  out.key("Config");
  out.begin_object();
  out.member("Datacenter", node_.datacenter);
  out.member("NodeName", node_.name);
  out.member("NodeID", node_.id);
  out.member("Server", true);
  out.end_object();
  out.key("Member");
  out.begin_object();
  out.member("Name", node_.name);
  out.member("Addr", node_.address);
  out.end_object();
  out.end_object();
  return json_response(std::move(body));
}

http::Response ConsulApi::instance_health(const Call& call) {
  const auto instance = catalog_.find(call.name);
  if (!instance) return text_response(404, "ServiceId " + call.name + " not found");
  const CheckStatus status = instance->status();
  const int code = status == CheckStatus::passing ? 200 : status == CheckStatus::warning ? 429 : 503;
  std::string_view aggregated = name_of(status);
  for (const Check& check : instance->checks) {
    if (check.type == "maintenance") aggregated = "maintenance";
  }
  if (call.text("format") == "text") return text_response(code, std::string(aggregated));
  std::string body;
  json::Writer out(body);
  out.begin_object();
  out.member("AggregatedStatus", aggregated);
  out.key("Service");
  write_agent_service(out, node_, *instance);
  out.key("Checks");
  write_checks(out, node_, *instance);
  out.end_object();
  return json_response(std::move(body), code);
}

Result<void> ConsulApi::block(const Call& call, const std::string& service) {
  if (const auto datacenter = call.text("dc"); !datacenter.empty() && datacenter != node_.datacenter)
    return fail(errors::invalid, "No path to datacenter");
  // An answer that is not filtered would be a wrong one.
  if (!call.text("filter").empty()) return fail(errors::invalid, "This registry does not filter.");
  std::uint64_t index = 0;
  const std::string index_text = call.text("index");
  const auto read = std::from_chars(index_text.data(), index_text.data() + index_text.size(), index);
  if (!index_text.empty() && (read.ec != std::errc() || read.ptr != index_text.data() + index_text.size()))
    return fail(errors::invalid, "Invalid index");
  const std::string wait_text = call.text("wait");
  const auto wait_ms = wait_text.empty() ? default_wait_ms : read_duration_ms(wait_text);
  if (!wait_ms) return fail(errors::invalid, "Invalid wait time");
  if (index == 0) return {};
  return catalog_.await_change(service, index, *wait_ms == 0 ? default_wait_ms : std::min(*wait_ms, max_wait_ms));
}

http::Response ConsulApi::list_services(const Call& call) {
  if (auto waited = block(call, {}); !waited) return error_response(waited.error());
  const auto services = catalog_.services();
  std::string body;
  json::Writer out(body);
  out.begin_object();
  for (const auto& [name, tags] : services.tags) {
    out.escaped_key(name);
    out.begin_array();
    for (const std::string& tag : tags) out.string(tag);
    out.end_array();
  }
  out.end_object();
  http::Response response = json_response(std::move(body));
  add_query_meta(response, services.index);
  return response;
}

http::Response ConsulApi::catalog_service(const Call& call) { return list_entries(call, false, write_catalog_entry); }
http::Response ConsulApi::health_service(const Call& call) {
  return list_entries(call, call.flag("passing"), write_health_entry);
}

http::Response ConsulApi::list_entries(const Call& call, bool passing_only, WriteEntry write) {
  if (auto waited = block(call, call.name); !waited) return error_response(waited.error());
  const auto found = catalog_.instances_of(call.name);
  std::string body;
  json::Writer out(body);
  out.begin_array();
  for (const Instance& instance : found.instances) {
    if (passing_only && instance.status() != CheckStatus::passing) continue;
    if (call.has_all_tags(instance.registration)) write(out, node_, instance);
  }
  out.end_array();
  http::Response response = json_response(std::move(body));
  add_query_meta(response, found.index);
  return response;
}

http::Response ConsulApi::leader(const Call&) {
  std::string body;
  json::append_string(body, node_.address + ":8300");
  return json_response(std::move(body));
}

}  // namespace seamline::registry
