#pragma once

#include <string_view>

namespace seamline::user {

/// Whether a password is among those that are guessed first, whatever its case: the most common ones of leaked lists that are
/// long enough to be allowed at all, and the user's own address (NIST SP 800-63B, section 5.1.1.2). `email` is normalised.
bool is_easily_guessed(std::string_view password, std::string_view email);

}  // namespace seamline::user
