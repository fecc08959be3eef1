#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seamline {

/// A SHA-256 digest (FIPS 180-4).
using Sha256 = std::array<std::uint8_t, 32>;

/// Digests of `bytes`, by OpenSSL. Thread-safe: each thread keeps one context.
Sha256 sha256(std::string_view bytes);

/// Lower-case hexadecimal.
std::string to_hex(std::string_view bytes);
std::string to_hex(const Sha256& digest);
/// Reads what to_hex writes of a digest; empty for anything else, capital digits included.
std::optional<Sha256> parse_digest(std::string_view hex);

/// The digest's bytes as a view, for a column or another digest. `digest` outlives the view.
inline std::string_view as_bytes(const Sha256& digest) { return {reinterpret_cast<const char*>(digest.data()), digest.size()}; }

}  // namespace seamline
