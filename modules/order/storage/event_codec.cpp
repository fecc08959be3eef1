#include "storage/event_codec.hpp"

#include "contract/decode.hpp"
#include "store/connection.hpp"

namespace seamline::order {
namespace {

template <class E>
bool decode_as(std::string_view type, std::string_view data, DomainEvent& out) {
  if (type != E::event_name) return false;
  auto event = decode<E>(data, Reading::lenient);
  if (!event) throw store::StorageError("an event of an order is unreadable: " + event.error().detail);
  out = std::move(*event);
  return true;
}

}  // namespace

DomainEvent decode_event(std::string_view type, std::string_view data) {
  DomainEvent event;
  const bool is_known = decode_as<Started>(type, data, event) || decode_as<ItemAdded>(type, data, event) ||
                        decode_as<Placed>(type, data, event) || decode_as<Confirmed>(type, data, event) ||
                        decode_as<Cancelled>(type, data, event);
  if (!is_known) throw store::StorageError("an order has an event of the unknown type " + std::string(type));
  return event;
}

}  // namespace seamline::order
