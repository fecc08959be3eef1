#pragma once

#include <string>
#include <string_view>

#include "domain/order_aggregate.hpp"

namespace seamline::order {

/// An event of the aggregate as it is kept: by its name, and as JSON. Throws StorageError where it is unreadable.
DomainEvent decode_event(std::string_view type, std::string_view data);

}  // namespace seamline::order
