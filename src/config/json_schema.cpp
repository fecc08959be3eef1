#include "config/json_schema.hpp"

#include "base/assert.hpp"
#include "contract/json_schema.hpp"

namespace seamline::config {
namespace {

void write_value(json::Writer& writer, const MemberDescriptor& member, const json::Value* value);

void write_section(json::Writer& writer, const MessageDescriptor& section, const json::Value* defaults, bool is_root) {
  writer.member("type", "object");
  writer.key("properties");
  writer.begin_object();
  if (is_root) {
    writer.key("$schema");
    writer.raw(R"({"type":"string","description":"Where editors find this schema."})");
  }
  for (const MemberDescriptor& member : section.members) {
    writer.key(member.name);
    writer.begin_object();
    write_description(writer, member);
    write_value(writer, member, defaults == nullptr ? nullptr : defaults->find(member.name));
    writer.end_object();
  }
  writer.end_object();
  writer.member("additionalProperties", false);
}

void write_list(json::Writer& writer, const MemberDescriptor& member) {
  writer.member("type", "array");
  if (member.limits.least != INT64_MIN) writer.member("minItems", member.limits.least);
  writer.member("maxItems", member.limits.most == INT64_MAX ? default_list_items : member.limits.most);
  writer.key("items");
  writer.begin_object();
  write_value(writer, {{}, {}, {}, *member.value.element}, nullptr);
  writer.end_object();
}

void write_value(json::Writer& writer, const MemberDescriptor& member, const json::Value* value) {
  if (member.value.type == ValueType::message) return write_section(writer, *member.value.message, value, false);
  if (member.value.type == ValueType::list) {
    write_list(writer, member);
  } else {
    write_scalar_schema(writer, member.value, member.limits, member.value.is_optional);
  }
  if (value == nullptr) return;
  writer.key("default");
  std::string text;
  json::append_value(text, *value);
  writer.raw(text);
}

}  // namespace

std::string json_schema(const MessageDescriptor& configuration, std::string_view title, std::string_view defaults) {
  const auto values = json::parse(defaults);
  SEAMLINE_ASSERT(values.has_value());
  std::string text;
  json::Writer writer(text);
  writer.begin_object();
  writer.member("$schema", "https://json-schema.org/draft/2020-12/schema");
  writer.member("title", title);
  write_section(writer, configuration, &*values, true);
  writer.end_object();
  return text;
}

}  // namespace seamline::config
