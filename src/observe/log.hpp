#pragma once

#include <string>
#include <string_view>

namespace seamline::observe {

/// One line on standard error, with time, level and component. Control characters of the message are escaped, so that a line
/// stays a line. Thread-safe.
void log_info(std::string_view component, const std::string& message);
void log_warning(std::string_view component, const std::string& message);
void log_error(std::string_view component, const std::string& message);

/// `debug`, `info`, `warning`, `error` or `off`; anything else leaves the level as it is.
void set_log_level(const std::string& level);

}  // namespace seamline::observe
