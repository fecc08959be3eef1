#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seamline::security {

/// Base64 with the alphabet for URLs and without padding (RFC 4648, section 5; RFC 7515, section 2).
std::string base64url_encode(std::string_view bytes);

/// Undoes it. Empty for anything but the one canonical form: padding, blanks, foreign characters and stray bits in the last
/// character are refused, so that no two texts stand for the same bytes.
std::optional<std::string> base64url_decode(std::string_view text);

}  // namespace seamline::security
