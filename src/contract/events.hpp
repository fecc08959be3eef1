#pragma once

#include "contract/contract.hpp"
#include "contract/decode.hpp"
#include "contract/encode.hpp"

namespace seamline {

/// The body of an event as it stands in the log and on every wire: `{"type":"OrderCreated","order_id":…}`.
template <Event E>
std::string encode_event(const E& event) {
  std::string out;
  out.reserve(320);
  json::Writer writer(out);
  writer.begin_object();
  writer.key("type");
  writer.string(E::type.name);
  encode_members(writer, event);
  writer.end_object();
  return out;
}

/// Reads an event's body, leniently: unknown members are ignored, ids may be integers.
/// Errors: those of decode, and request.malformed where `type` names another event.
template <Event E>
Result<E> decode_event(std::string_view body) {
  auto value = json::parse(body);
  if (!value) return fail(std::move(value.error()));
  Decoding decoding(Reading::lenient);
  E event{};
  decode_value(decoding, *value, Limits{}, event);
  const json::Value* type = value->find("type");
  if (type == nullptr || type->text != E::type.name) decoding.wrong_form("is no " + std::string(E::type.name));
  if (!decoding.ok()) return fail(decoding.error());
  return event;
}

}  // namespace seamline
