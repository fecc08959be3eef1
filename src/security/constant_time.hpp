#pragma once

#include <string_view>

namespace seamline::security {

/// Whether two secrets are the same, in a time that tells nothing of either: both are hashed, and all of the digests compared.
bool are_equal_secrets(std::string_view one, std::string_view other);

}  // namespace seamline::security
