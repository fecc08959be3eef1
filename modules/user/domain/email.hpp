#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace seamline::user {

/// The one form in which an e-mail address is kept and compared: without blanks around it, in lower case (ASCII). Empty where
/// it is no address: it needs one @ with something before it, and a domain with a dot after it. Whether mail arrives there,
/// only mail can tell.
std::optional<std::string> normalise_email(std::string_view email);

}  // namespace seamline::user
