#include "events/broker_events.hpp"

#include "base/hash.hpp"
#include "base/json.hpp"
#include "base/text.hpp"

namespace seamline::events {
namespace {

constexpr std::string_view json_content_type = "application/json";

std::string check_limits(const BrokerEvent& event, const BatchLimits& limits) {
  if (event.data.size() > limits.max_bytes) return "its data is too large";
  for (const auto& [name, value] : event.attributes) {
    if (value.size() > limits.max_attribute_bytes) return "its attribute " + name.substr(0, 64) + " is too long";
    if (!is_text(value)) return "its attribute " + name.substr(0, 64) + " is no text";
  }
  return is_text(event.data) ? std::string() : "its data is no UTF-8 text";
}

ReadEvent read_sequenced(BrokerEvent event, std::string_view publisher) {
  const auto refuse = [](std::string_view attribute) { return RefusedEvent{"its " + std::string(attribute) + " is no entry's"}; };
  SequencedEvent read;
  store::LogEntry& entry = read.entry;
  if (event.attribute("source").substr(source_prefix.size()) != publisher) return refuse("source");
  if (!read_integer(event.attribute("sequence"), entry.seq) || entry.seq == 0) return refuse("sequence");
  if (!read_integer(event.attribute("epoch"), entry.epoch)) return refuse("epoch");
  const std::string_view id = event.attribute("id");
  const std::string ending = "-" + std::to_string(entry.seq);
  if (id.size() <= ending.size() || !id.ends_with(ending)) return refuse("id");
  read.log_id = id.substr(0, id.size() - ending.size());
  const auto hash = parse_digest(event.attribute("hash"));
  if (!hash) return refuse("hash");
  const auto at = parse_timestamp(event.attribute("time"));
  if (!at) return refuse("time");
  entry.hash = *hash;
  entry.at = *at;
  entry.type = event.attribute("type");
  if (entry.type.empty()) return refuse("type");
  entry.subject = event.attribute("subject");
  entry.trace = event.attribute("traceparent");
  entry.payload = std::move(event.data);
  return read;
}

ReadEvent read_foreign(BrokerEvent event, const BatchLimits& limits) {
  const auto body = json::parse(event.data, {.max_bytes = limits.max_bytes, .max_depth = limits.max_depth});
  if (!body) return RefusedEvent{"its data is no JSON: " + body.error().detail};
  const json::Value* type = body->find("type");
  if (type == nullptr || !type->is(json::Type::string)) return RefusedEvent{"its data names no type"};
  ForeignEvent read;
  read.type = type->text;
  read.source = event.attribute("source");
  read.id = event.attribute("id");
  if (read.source.empty() || read.id.empty()) read.source = read.id = {};
  read.trace = event.attribute("traceparent");
  read.body = std::move(event.data);
  return read;
}

}  // namespace

BrokerEvent to_broker_event(const LogName& log, const store::LogEntry& entry) {
  BrokerEvent event;
  event.key = entry.subject;
  const auto add = [&event](const char* name, std::string value) { event.attributes.emplace_back(name, std::move(value)); };
  event.attributes.reserve(11);
  add("specversion", "1.0");
  add("id", std::string(log.log_id) + "-" + std::to_string(entry.seq));
  add("source", std::string(source_prefix) + std::string(log.publisher));
  add("type", entry.type);
  add("time", format_timestamp(entry.at));
  add("datacontenttype", std::string(json_content_type));
  add("sequence", std::to_string(entry.seq));
  add("epoch", std::to_string(entry.epoch));
  add("hash", to_hex(entry.hash));
  // CloudEvents 1.0, section 3.1: an optional attribute is absent, or not empty.
  if (!entry.subject.empty()) add("subject", entry.subject);
  if (!entry.trace.empty()) add("traceparent", entry.trace);
  event.data = entry.payload;
  return event;
}

ReadEvent read_broker_event(BrokerEvent event, std::string_view publisher, const BatchLimits& limits) {
  if (auto problem = check_limits(event, limits); !problem.empty()) return RefusedEvent{std::move(problem)};
  const bool is_of_the_shop = event.attribute("source").starts_with(source_prefix);
  if (is_of_the_shop && !event.attribute("sequence").empty()) return read_sequenced(std::move(event), publisher);
  return read_foreign(std::move(event), limits);
}

}  // namespace seamline::events
