#include "registry/consul_messages.hpp"

#include <optional>

#include "registry/duration.hpp"

namespace seamline::registry {
namespace {

/// Reads members by name, and remembers the first that is wrong. Absent and null are the same: Go writes null for what is unset.
class Members {
 public:
  Members(const json::Value& object, std::string& problem) : object_(object), problem_(problem) {}

  const json::Value* find(std::string_view name, json::Type type) {
    const json::Value* value = object_.find(name);
    if (!value || value->is(json::Type::null)) return nullptr;
    if (value->is(type)) return value;
    refuse(name, "has the wrong type");
    return nullptr;
  }
  void text(std::string_view name, std::string& out) {
    if (const auto* value = find(name, json::Type::string)) out = value->text;
  }
  void integer(std::string_view name, std::int64_t& out) {
    const auto* value = find(name, json::Type::integer);
    if (!value) return;
    out = value->integer;
    if (out < 0 || out > 1'000'000'000) refuse(name, "is out of range");
  }
  void boolean(std::string_view name, bool& out) {
    if (const auto* value = find(name, json::Type::boolean)) out = value->boolean;
  }
  /// A text as Go writes durations, or a number of nanoseconds.
  void duration(std::string_view name, std::int64_t& out_ms) {
    const json::Value* value = object_.find(name);
    if (value && value->is(json::Type::integer) && value->integer >= 0) {
      out_ms = value->integer / 1'000'000;
      return;
    }
    value = find(name, json::Type::string);
    if (!value || value->text.empty()) return;
    if (const auto ms = read_duration_ms(value->text)) {
      out_ms = *ms;
    } else {
      refuse(name, "is no duration such as \"10s\"");
    }
  }
  void texts(std::string_view name, std::vector<std::string>& out) {
    const auto* list = find(name, json::Type::array);
    if (!list) return;
    for (const json::Value& item : list->items) {
      if (!item.is(json::Type::string)) refuse(name, "is a list of texts");
      out.push_back(item.text);
    }
  }
  void map(std::string_view name, std::map<std::string, std::string>& out) {
    const auto* object = find(name, json::Type::object);
    if (!object) return;
    for (const json::Value& item : object->items) {
      if (!item.is(json::Type::string)) refuse(name, "has texts as values");
      out[item.name] = item.text;
    }
  }
  void refuse(std::string_view name, std::string_view what) {
    if (problem_.empty()) problem_ = std::string(name) + " " + std::string(what) + ".";
  }

 private:
  const json::Value& object_;
  std::string& problem_;
};

CheckDefinition read_check(const json::Value& value, std::string& problem) {
  CheckDefinition check;
  Members members(value, problem);
  members.text("CheckID", check.id);
  members.text("Name", check.name);
  members.text("Notes", check.notes);
  members.duration("TTL", check.ttl_ms);
  members.text("HTTP", check.http);
  members.text("Method", check.method);
  members.text("Body", check.body);
  members.duration("Interval", check.interval_ms);
  members.duration("Timeout", check.timeout_ms);
  members.integer("SuccessBeforePassing", check.successes_before_passing);
  members.integer("FailuresBeforeCritical", check.failures_before_critical);
  members.duration("DeregisterCriticalServiceAfter", check.deregister_after_ms);
  if (const auto* header = members.find("Header", json::Type::object)) {
    for (const json::Value& field : header->items) {
      std::vector<std::string> values;
      Members(*header, problem).texts(field.name, values);
      for (std::string& one : values) check.header.emplace_back(field.name, std::move(one));
    }
  }
  std::string status;
  members.text("Status", status);
  if (const auto named = enum_from_name<CheckStatus>(status)) check.status = *named;
  if (!status.empty() && !enum_from_name<CheckStatus>(status)) members.refuse("Status", "is passing, warning or critical");
  return check;
}

void read_checks(const json::Value& body, Registration& registration, std::string& problem) {
  Members members(body, problem);
  // Go's client writes an empty check for one that has no setting at all.
  const auto add = [&](const json::Value& value) {
    if (value.is(json::Type::object) && !value.items.empty()) registration.checks.push_back(read_check(value, problem));
  };
  if (const auto* check = members.find("Check", json::Type::object)) add(*check);
  if (const auto* checks = members.find("Checks", json::Type::array)) {
    for (const json::Value& check : checks->items) add(check);
  }
}

Result<json::Value> parse_object(std::string_view body) {
  json::ParseLimits limits;
  limits.max_bytes = max_registration_bytes;
  limits.max_values = 5'000;
  auto parsed = json::parse(body, limits);
  if (!parsed) return fail(errors::invalid, "Request decode failed: " + parsed.error().detail);
  if (!parsed->is(json::Type::object)) return fail(errors::invalid, "Request decode failed: the body is no object.");
  return parsed;
}

void write_map(json::Writer& out, const std::map<std::string, std::string>& map) {
  out.begin_object();
  for (const auto& [key, value] : map) {
    out.escaped_key(key);
    out.string(value);
  }
  out.end_object();
}

/// What every entry says of the one node that there is.
void write_node_members(json::Writer& out, const Node& node) {
  out.member("ID", node.id);
  out.member("Node", node.name);
  out.member("Address", node.address);
  out.member("Datacenter", node.datacenter);
  out.key("TaggedAddresses");
  write_map(out, {{"lan", node.address}});
}

void write_texts(json::Writer& out, const std::vector<std::string>& texts) {
  out.begin_array();
  for (const std::string& text : texts) out.string(text);
  out.end_array();
}

void write_weights(json::Writer& out, const Registration& registration) {
  out.begin_object();
  out.member("Passing", registration.passing_weight);
  out.member("Warning", registration.warning_weight);
  out.end_object();
}

void write_check_definition(json::Writer& out, const CheckDefinition& check) {
  out.begin_object();
  if (!check.id.empty()) out.member("CheckID", check.id);
  if (!check.name.empty()) out.member("Name", check.name);
  if (!check.notes.empty()) out.member("Notes", check.notes);
  if (check.ttl_ms > 0) out.member("TTL", write_duration_ms(check.ttl_ms));
  if (!check.http.empty()) {
    out.member("HTTP", check.http);
    out.member("Method", check.method);
    out.member("Interval", write_duration_ms(check.interval_ms));
    out.member("Timeout", write_duration_ms(check.timeout_ms));
  }
  out.member("Status", name_of(check.status));
  if (check.successes_before_passing > 0) out.member("SuccessBeforePassing", check.successes_before_passing);
  if (check.failures_before_critical > 0) out.member("FailuresBeforeCritical", check.failures_before_critical);
  if (check.deregister_after_ms > 0) out.member("DeregisterCriticalServiceAfter", write_duration_ms(check.deregister_after_ms));
  out.end_object();
}

void write_indexes(json::Writer& out, const Instance& instance) {
  out.member("CreateIndex", instance.create_index);
  out.member("ModifyIndex", instance.modify_index);
}

std::optional<FoundInstance> read_health_entry(const json::Value& entry) {
  const json::Value* service = entry.find("Service");
  const json::Value* node = entry.find("Node");
  if (!service) return std::nullopt;
  std::string problem;
  FoundInstance found;
  Members members(*service, problem);
  members.text("ID", found.id);
  members.text("Address", found.address);
  members.integer("Port", found.port);
  members.map("Meta", found.meta);
  if (found.address.empty() && node) Members(*node, problem).text("Address", found.address);
  if (!problem.empty() || found.id.empty() || found.address.empty() || found.port <= 0 || found.port > 65'535)
    return std::nullopt;
  return found;
}

}  // namespace

Result<Registration> read_registration(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return fail(object.error());
  Registration registration;
  std::string problem;
  Members members(*object, problem);
  members.text("ID", registration.id);
  members.text("Name", registration.name);
  members.texts("Tags", registration.tags);
  members.text("Address", registration.address);
  members.integer("Port", registration.port);
  members.map("Meta", registration.meta);
  members.boolean("EnableTagOverride", registration.enable_tag_override);
  if (const auto* weights = members.find("Weights", json::Type::object)) {
    Members(*weights, problem).integer("Passing", registration.passing_weight);
    Members(*weights, problem).integer("Warning", registration.warning_weight);
  }
  read_checks(*object, registration, problem);
  if (!problem.empty()) return fail(errors::invalid, "Request decode failed: " + problem);
  return registration;
}

std::string write_registration(const Registration& registration) {
  std::string text;
  json::Writer out(text);
  out.begin_object();
  out.member("ID", registration.id);
  out.member("Name", registration.name);
  out.key("Tags");
  write_texts(out, registration.tags);
  out.member("Address", registration.address);
  out.member("Port", registration.port);
  out.key("Meta");
  write_map(out, registration.meta);
  out.key("Checks");
  out.begin_array();
  for (const CheckDefinition& check : registration.checks) write_check_definition(out, check);
  out.end_array();
  out.end_object();
  return text;
}

Result<CheckUpdate> read_check_update(std::string_view body) {
  const auto object = parse_object(body);
  if (!object) return fail(object.error());
  CheckUpdate update;
  std::string problem;
  std::string status;
  Members members(*object, problem);
  members.text("Status", status);
  members.text("Output", update.output);
  const auto named = enum_from_name<CheckStatus>(status);
  if (!problem.empty() || !named) return fail(errors::invalid, "Invalid check status: '" + status + "'");
  update.status = *named;
  return update;
}

void write_agent_service(json::Writer& out, const Node& node, const Instance& instance) {
  const Registration& registration = instance.registration;
  out.begin_object();
  out.member("ID", registration.id);
  out.member("Service", registration.name);
  out.key("Tags");
  write_texts(out, registration.tags);
  out.key("Meta");
  write_map(out, registration.meta);
  out.member("Port", registration.port);
  out.member("Address", registration.address);
  out.key("Weights");
  write_weights(out, registration);
  out.member("EnableTagOverride", registration.enable_tag_override);
  out.member("Datacenter", node.datacenter);
  write_indexes(out, instance);
  out.end_object();
}

void write_checks(json::Writer& out, const Node& node, const Instance& instance) {
  out.begin_array();
  for (const Check& check : instance.checks) {
    out.begin_object();
    out.member("Node", node.name);
    out.member("CheckID", check.id);
    out.member("Name", check.name);
    out.member("Status", name_of(check.status));
    out.member("Notes", check.notes);
    out.member("Output", check.output);
    out.member("ServiceID", instance.registration.id);
    out.member("ServiceName", instance.registration.name);
    out.key("ServiceTags");
    write_texts(out, instance.registration.tags);
    out.member("Type", check.type);
    write_indexes(out, instance);
    out.end_object();
  }
  out.end_array();
}

void write_health_entry(json::Writer& out, const Node& node, const Instance& instance) {
  out.begin_object();
  out.key("Node");
  out.begin_object();
  write_node_members(out, node);
  out.key("Meta");
  write_map(out, {});
  out.end_object();
  out.key("Service");
  write_agent_service(out, node, instance);
  out.key("Checks");
  write_checks(out, node, instance);
  out.end_object();
}

void write_catalog_entry(json::Writer& out, const Node& node, const Instance& instance) {
  const Registration& registration = instance.registration;
  out.begin_object();
  write_node_members(out, node);
  out.key("NodeMeta");
  write_map(out, {});
  out.member("ServiceID", registration.id);
  out.member("ServiceName", registration.name);
  out.member("ServiceAddress", registration.address);
  out.key("ServiceTags");
  write_texts(out, registration.tags);
  out.key("ServiceMeta");
  write_map(out, registration.meta);
  out.member("ServicePort", registration.port);
  out.key("ServiceWeights");
  write_weights(out, registration);
  out.member("ServiceEnableTagOverride", registration.enable_tag_override);
  write_indexes(out, instance);
  out.end_object();
}

Result<std::vector<FoundInstance>> read_health_entries(std::string_view body, std::size_t max_instances) {
  json::ParseLimits limits;
  limits.max_bytes = std::size_t{8} << 20U;
  limits.max_values = 500'000;
  const auto parsed = json::parse(body, limits);
  if (!parsed) return fail(errors::bad_answer, "The registry's answer is no JSON: " + parsed.error().detail);
  if (!parsed->is(json::Type::array)) return fail(errors::bad_answer, "The registry's answer is no list of instances.");
  if (parsed->items.size() > max_instances) {
    return fail(errors::bad_answer, "The registry lists " + std::to_string(parsed->items.size()) + " instances; at most " +
                                        std::to_string(max_instances) + " are taken.");
  }
  std::vector<FoundInstance> found;
  for (const json::Value& entry : parsed->items) {
    if (auto instance = read_health_entry(entry)) found.push_back(std::move(*instance));
  }
  return found;
}

}  // namespace seamline::registry
