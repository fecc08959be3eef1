#pragma once

#include <cstddef>
#include <string_view>

namespace seamline {

/// How many bytes at the beginning of `bytes` are well-formed UTF-8 (RFC 3629, section 4) without NUL.
std::size_t well_formed_bytes(std::string_view bytes);

/// Whether all of `bytes` is: only then may it become a JSON string, a SQL text or a line of a message.
inline bool is_text(std::string_view bytes) { return well_formed_bytes(bytes) == bytes.size(); }

/// The beginning of `text`, at most `max_bytes` long, that cuts no character in two: for messages that repeat input.
std::string_view text_prefix(std::string_view text, std::size_t max_bytes);

}  // namespace seamline
