#pragma once

#include <string>

#include "contract/descriptor.hpp"
#include "contract/encode.hpp"

namespace seamline::config {

/// The JSON schema (2020-12) of a configuration: every key with its description, its limits and its default, no key required,
/// no other allowed but "$schema". `defaults` is the configuration without any layer, as JSON.
std::string json_schema(const MessageDescriptor& configuration, std::string_view title, std::string_view defaults);

/// The same for a configuration type: a message whose default-constructed value holds the defaults.
template <Message T>
std::string json_schema(std::string_view title) {
  return json_schema(descriptor_of<T>, title, encode(T{}));
}

}  // namespace seamline::config
