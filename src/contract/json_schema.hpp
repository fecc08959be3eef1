#pragma once

#include <map>
#include <string>

#include "contract/descriptor.hpp"

/// JSON schemas (2020-12) of messages, from their declarations.
namespace seamline {

/// Requests are read strictly: unknown members are refused, optional ones may be left out. In a reply every declared member
/// stands, an empty optional as null, and more may be added by a newer sender. A form is a request that cannot write null. An
/// event is like a reply, but a foreign publisher may leave optional members out.
enum class SchemaUse : std::uint8_t { request, form, reply, event };

/// Writes the members of a value's schema into an object that is already open: type, format, limits. Not for messages.
/// `accepts_null` for an optional that is written in JSON; in a query it is left out instead.
void write_scalar_schema(json::Writer& writer, const ValueDescriptor& value, const Limits& limits, bool accepts_null);

/// The `description` of a member: its doc, and that its length counts bytes where JSON Schema would count characters.
void write_description(json::Writer& writer, const MemberDescriptor& member);

/// The schemas that one document needs, each message under a name of its own: `order.Order` for a reply,
/// `order.PlaceOrderRequest` for a request. Not thread-safe.
class SchemaComponents {
 public:
  /// `prefix` is where the definitions will stand: "#/components/schemas/".
  explicit SchemaComponents(std::string prefix) : prefix_(std::move(prefix)) {}

  /// The reference to a message's schema, "#/components/schemas/order.Order". Keeps its definition, with those that it needs.
  std::string reference(const MessageDescriptor& message, SchemaUse use);

  /// The schema of each message by its name.
  const std::map<std::string, std::string>& definitions() const { return definitions_; }

 private:
  void write_value(json::Writer& writer, const MemberDescriptor& member, SchemaUse use);
  void write_element(json::Writer& writer, const ValueDescriptor& element, SchemaUse use);
  std::string definition(const MessageDescriptor& message, SchemaUse use);

  std::string prefix_;
  std::map<std::string, std::string> definitions_;
};

}  // namespace seamline
