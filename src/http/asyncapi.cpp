#include "http/asyncapi.hpp"

#include <set>
#include <utility>

#include "contract/json_schema.hpp"

namespace seamline::http {
namespace {

constexpr std::string_view schema_prefix = "#/components/schemas/";
constexpr std::string_view headers_schema = "EventHeaders";

/// The attributes of the CloudEvents that every event has; those of CloudEvents' HTTP binding in binary mode, by name.
constexpr std::string_view headers_definition =
    R"({"type":"object","description":"The attributes of CloudEvents 1.0. In a batch they stand beside data, without ce-.",)"
    R"("properties":{"ce-specversion":{"type":"string","const":"1.0"},)"
    R"("ce-id":{"type":"string","description":"With the source it is unique: the log's id and the sequence number."},)"
    R"("ce-source":{"type":"string","format":"uri-reference","description":"/seamline/ and the module."},)"
    R"("ce-type":{"type":"string","description":"The name of the message."},)"
    R"("ce-subject":{"type":"string","description":"The id of what it is about. Events of one subject keep their order."},)"
    R"("ce-time":{"type":"string","format":"date-time","description":"When it was published."},)"
    R"("ce-sequence":{"type":"string","description":"Its number in the publisher's log, in decimal: from 1, without a gap."},)"
    R"("ce-epoch":{"type":"string","description":"The number of the log's ownership, in decimal."},)"
    R"("ce-hash":{"type":"string","description":"Hex SHA-256 over the hash of the entry before it and this entry."},)"
    R"("ce-traceparent":{"type":"string","description":"The call that caused it (W3C Trace Context)."}},)"
    R"("required":["ce-specversion","ce-id","ce-source","ce-type","ce-time"]})";

/// An event is known by its type: one that is published by one module and heard by another is described once.
using EventsByName = std::map<std::string, EventDescriptor>;

struct Channel {
  std::string_view publisher;
  EventsByName events;
};

struct Operation {
  bool is_send = false;
  std::string_view module;
  std::string_view topic;
  std::set<std::string> messages;
};

class Document {
 public:
  Document(std::string& out, const std::vector<ModuleDescriptor>& modules, const AsyncApiOptions& options)
      : writer_(out), options_(options), schemas_(std::string(schema_prefix)) {
    for (const ModuleDescriptor& module : modules) collect(module);
  }

  void write(std::string_view title, std::string_view version) {
    writer_.begin_object();
    writer_.member("asyncapi", "3.0.0");
    write_info(title, version);
    writer_.member("defaultContentType", "application/json");
    write_servers();
    write_channels();
    write_operations();
    write_components();
    writer_.end_object();
  }

 private:
  void collect(const ModuleDescriptor& module) {
    const std::string name(module.contract.module);
    for (const EventDescriptor& event : module.contract.events) add(event, true, name + ".publishes", module.contract.module);
    for (const EventDescriptor& event : module.hears) {
      add(event, false, name + ".hears." + std::string(event.topic), module.contract.module);
    }
  }

  void add(const EventDescriptor& event, bool is_send, const std::string& operation, std::string_view module) {
    const std::string name = event.type.full_name();
    Channel& channel = channels_[std::string(event.topic)];
    channel.publisher = event.type.module;
    channel.events.emplace(name, event);
    operations_.try_emplace(operation, Operation{is_send, module, event.topic, {}}).first->second.messages.insert(name);
  }

  void write_info(std::string_view title, std::string_view version) {
    writer_.key("info");
    writer_.begin_object();
    writer_.member("title", title);
    writer_.member("version", version);
    writer_.member("description",
                   "Events are delivered at least once and in the order of their publisher's log; who keeps the sequence number "
                   "that was applied last applies each once. Money is in minor units (cents). Unknown members are ignored, and "
                   "may be added.");
    writer_.key("license");
    writer_.begin_object();
    writer_.member("name", "Apache License 2.0");
    writer_.end_object();
    writer_.end_object();
  }

  void write_servers() {
    bool is_open = false;
    for (const auto& [topic, channel] : channels_) {
      const auto url = options_.urls.find(channel.publisher);
      if (url == options_.urls.end()) continue;
      if (!std::exchange(is_open, true)) {
        writer_.key("servers");
        writer_.begin_object();
      }
      write_server(channel.publisher, url->second);
    }
    if (is_open) writer_.end_object();
  }

  /// "http://127.0.0.1:8102/shop" in AsyncAPI's three parts.
  void write_server(std::string_view module, std::string_view url) {
    const auto scheme = url.find("://");
    const std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
    const auto path = rest.find('/');
    writer_.key(module);
    writer_.begin_object();
    writer_.member("host", rest.substr(0, path));
    writer_.member("protocol", scheme == std::string_view::npos ? "http" : url.substr(0, scheme));
    if (path != std::string_view::npos && path + 1 < rest.size()) writer_.member("pathname", rest.substr(path));
    writer_.member("description", "Where the module " + std::string(module) + " is reached, whichever process runs it.");
    writer_.end_object();
  }

  void write_channels() {
    writer_.key("channels");
    writer_.begin_object();
    for (const auto& [topic, channel] : channels_) {
      const std::string publisher(channel.publisher);
      writer_.key(topic);
      writer_.begin_object();
      writer_.member("address", "/events/" + publisher);
      writer_.member("description", "The log of the module " + publisher +
                                        ". A subscriber reads it by long poll, from where it stands, as a batch of CloudEvents "
                                        "(application/cloudevents-batch+json).");
      if (options_.urls.contains(channel.publisher)) {
        writer_.key("servers");
        writer_.begin_array();
        refer_to("#/servers/" + publisher);
        writer_.end_array();
      }
      writer_.key("messages");
      writer_.begin_object();
      for (const auto& [name, event] : channel.events) {
        writer_.key(name);
        refer_to("#/components/messages/" + name);
      }
      writer_.end_object();
      writer_.end_object();
    }
    writer_.end_object();
  }

  void refer_to(const std::string& target) {
    writer_.begin_object();
    writer_.member("$ref", target);
    writer_.end_object();
  }

  void write_operations() {
    writer_.key("operations");
    writer_.begin_object();
    for (const auto& [name, operation] : operations_) {
      const std::string channel = "#/channels/" + std::string(operation.topic);
      writer_.key(name);
      writer_.begin_object();
      writer_.member("action", operation.is_send ? "send" : "receive");
      writer_.member("summary", "What the module " + std::string(operation.module) +
                                    (operation.is_send ? " publishes" : " hears of " + std::string(operation.topic)));
      writer_.key("channel");
      refer_to(channel);
      writer_.key("messages");
      writer_.begin_array();
      for (const std::string& message : operation.messages) refer_to(channel + "/messages/" + message);
      writer_.end_array();
      writer_.end_object();
    }
    writer_.end_object();
  }

  void write_components() {
    writer_.key("components");
    writer_.begin_object();
    writer_.key("messages");
    writer_.begin_object();
    for (const auto& [topic, channel] : channels_) {
      for (const auto& [name, event] : channel.events) write_message(name, event);
    }
    writer_.end_object();
    writer_.key("schemas");
    writer_.begin_object();
    if (!channels_.empty()) {
      writer_.key(headers_schema);
      writer_.raw(headers_definition);
    }
    for (const auto& [name, schema] : schemas_.definitions()) {
      writer_.key(name);
      writer_.raw(schema);
    }
    writer_.end_object();
    writer_.end_object();
  }

  void write_message(const std::string& name, const EventDescriptor& event) {
    writer_.key(name);
    writer_.begin_object();
    writer_.member("name", name);
    writer_.member("title", event.type.name);
    writer_.member("contentType", "application/json");
    writer_.key("correlationId");
    writer_.begin_object();
    writer_.member("description", "What the event is about: it ties the events of one order together, whoever published them.");
    writer_.member("location", "$message.header#/ce-subject");
    writer_.end_object();
    writer_.key("headers");
    refer_to(std::string(schema_prefix) + std::string(headers_schema));
    writer_.key("payload");
    write_payload(event);
    writer_.end_object();
  }

  /// The members as declared, and the event's name, by which every body begins.
  void write_payload(const EventDescriptor& event) {
    writer_.begin_object();
    writer_.key("allOf");
    writer_.begin_array();
    writer_.begin_object();
    writer_.member("type", "object");
    writer_.key("properties");
    writer_.begin_object();
    writer_.key("type");
    writer_.begin_object();
    writer_.member("type", "string");
    writer_.member("const", event.type.name);
    writer_.end_object();
    writer_.end_object();
    writer_.key("required");
    writer_.raw(R"(["type"])");
    writer_.end_object();
    refer_to(schemas_.reference(*event.body, SchemaUse::event));
    writer_.end_array();
    writer_.end_object();
  }

  json::Writer writer_;
  const AsyncApiOptions& options_;
  SchemaComponents schemas_;
  std::map<std::string, Channel> channels_;
  std::map<std::string, Operation> operations_;
};

}  // namespace

std::string asyncapi_document(std::string_view title, std::string_view version, const std::vector<ModuleDescriptor>& modules,
                              const AsyncApiOptions& options) {
  std::string text;
  text.reserve(std::size_t{1} << 15U);
  Document(text, modules, options).write(title, version);
  return text;
}

}  // namespace seamline::http
