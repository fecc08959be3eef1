#include "contract/json_schema.hpp"

#include "base/assert.hpp"

namespace seamline {
namespace {

std::string_view type_name_of(ValueType type) {
  switch (type) {
    case ValueType::text:
    case ValueType::secret:
    case ValueType::id:
    case ValueType::timestamp:
    case ValueType::name: return "string";
    case ValueType::integer: return "integer";
    case ValueType::boolean: return "boolean";
    case ValueType::list: return "array";
    case ValueType::object:
    case ValueType::message: return "object";
  }
  return "";
}

bool is_text(const ValueDescriptor& value) { return value.type == ValueType::text || value.type == ValueType::secret; }

void write_type(json::Writer& writer, ValueType type, bool accepts_null) {
  writer.key("type");
  if (!accepts_null) return writer.string(type_name_of(type));
  writer.begin_array();
  writer.string(type_name_of(type));
  writer.string("null");
  writer.end_array();
}

void write_bounds(json::Writer& writer, std::string_view least_name, std::string_view most_name, const Limits& limits) {
  if (limits.least != INT64_MIN) writer.member(least_name, limits.least);
  if (limits.most != INT64_MAX) writer.member(most_name, limits.most);
}

void write_names(json::Writer& writer, const ValueDescriptor& value, bool accepts_null) {
  writer.key("enum");
  writer.begin_array();
  for (const std::string_view name : value.names) writer.string(name);
  if (accepts_null) writer.null();
  writer.end_array();
}

bool is_read_strictly(SchemaUse use) { return use == SchemaUse::request || use == SchemaUse::form; }

/// Texts and lists of a request that declare no limits are held to the general ones.
Limits effective_limits(const MemberDescriptor& member, SchemaUse use) {
  Limits limits = member.limits;
  if (!is_read_strictly(use) || limits.most != INT64_MAX) return limits;
  if (is_text(member.value)) limits.most = default_text_bytes;
  if (member.value.type == ValueType::list) limits.most = default_list_items;
  return limits;
}

/// `order::Item` as `order.Item`: a component's name holds no colon. An unnamed namespace leaves no trace.
std::string component_name(std::string_view type_name, SchemaUse use) {
  std::string name;
  while (!type_name.empty()) {
    const auto end = type_name.find("::");
    const std::string_view part = type_name.substr(0, end);
    type_name.remove_prefix(end == std::string_view::npos ? type_name.size() : end + 2);
    if (part.find_first_of("{(<") != std::string_view::npos) continue;
    name += (name.empty() ? "" : ".") + std::string(part);
  }
  return is_read_strictly(use) ? name + "Request" : name;
}

}  // namespace

void write_scalar_schema(json::Writer& writer, const ValueDescriptor& value, const Limits& limits, bool accepts_null) {
  SEAMLINE_ASSERT(value.type != ValueType::message && value.type != ValueType::list);
  write_type(writer, value.type, accepts_null);
  switch (value.type) {
    case ValueType::integer:
      writer.member("format", "int64");
      write_bounds(writer, "minimum", "maximum", limits);
      break;
    case ValueType::secret: writer.member("format", "password"); [[fallthrough]];
    case ValueType::text: write_bounds(writer, "minLength", "maxLength", limits); break;
    case ValueType::id:
      write_bounds(writer, "minLength", "maxLength", length(1, static_cast<std::int64_t>(Id<"any">::max_bytes)));
      break;
    case ValueType::timestamp: writer.member("format", "date-time"); break;
    case ValueType::name: write_names(writer, value, accepts_null); break;
    default: break;
  }
}

void write_description(json::Writer& writer, const MemberDescriptor& member) {
  const bool counts_bytes = is_text(member.value) && (member.limits.least > 1 || member.limits.most != INT64_MAX);
  const bool says_so = member.doc.find("bytes") != std::string_view::npos;
  writer.member("description", std::string(member.doc) + (counts_bytes && !says_so ? " Its length counts bytes of UTF-8." : ""));
}

std::string SchemaComponents::reference(const MessageDescriptor& message, SchemaUse use) {
  const std::string name = component_name(message.type_name, use);
  // The name is kept first, so that a message that holds its own kind comes to an end.
  if (const auto [kept, is_new] = definitions_.try_emplace(name); is_new) kept->second = definition(message, use);
  return prefix_ + name;
}

std::string SchemaComponents::definition(const MessageDescriptor& message, SchemaUse use) {
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("type", "object");
  writer.key("properties");
  writer.begin_object();
  bool has_required = false;
  const auto is_required = [&](const MemberDescriptor& member) { return use == SchemaUse::reply || !member.value.is_optional; };
  for (const MemberDescriptor& member : message.members) {
    writer.key(member.name);
    write_value(writer, member, use);
    has_required = has_required || is_required(member);
  }
  writer.end_object();
  if (has_required) {
    writer.key("required");
    writer.begin_array();
    for (const MemberDescriptor& member : message.members) {
      if (is_required(member)) writer.string(member.name);
    }
    writer.end_array();
  }
  if (use == SchemaUse::request) writer.member("additionalProperties", false);
  writer.end_object();
  return text;
}

void SchemaComponents::write_value(json::Writer& writer, const MemberDescriptor& member, SchemaUse use) {
  const ValueDescriptor& value = member.value;
  writer.begin_object();
  if (!member.doc.empty()) write_description(writer, member);
  if (value.type == ValueType::message && value.is_optional) {
    writer.key("anyOf");
    writer.begin_array();
    writer.begin_object();
    writer.member("$ref", reference(*value.message, use));
    writer.end_object();
    writer.raw(R"({"type":"null"})");
    writer.end_array();
  } else if (value.type == ValueType::message) {
    writer.member("$ref", reference(*value.message, use));
  } else if (value.type == ValueType::list) {
    write_type(writer, value.type, value.is_optional);
    write_bounds(writer, "minItems", "maxItems", effective_limits(member, use));
    writer.key("items");
    write_element(writer, *value.element, use);
  } else {
    write_scalar_schema(writer, value, effective_limits(member, use), value.is_optional && use != SchemaUse::form);
    if (value.type == ValueType::secret && is_read_strictly(use)) writer.member("writeOnly", true);
  }
  writer.end_object();
}

void SchemaComponents::write_element(json::Writer& writer, const ValueDescriptor& element, SchemaUse use) {
  write_value(writer, {{}, {}, {}, element}, use);
}

}  // namespace seamline
