#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace seamline::registry {

/// Milliseconds of a duration as Go writes it ("1h2m3s", "1.5s", "300ms", "0"), rounded up, so that none becomes 0 but 0.
/// Empty for anything else: no unit, a negative one, more than about 290 years. Source: Go, time.ParseDuration.
std::optional<std::int64_t> read_duration_ms(std::string_view text);

/// `1500` becomes "1500ms".
std::string write_duration_ms(std::int64_t ms);

}  // namespace seamline::registry
