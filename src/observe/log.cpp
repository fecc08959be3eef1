#include "observe/log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace seamline::observe {
namespace {

spdlog::logger& logger() {
  static const auto made = [] {
    auto fresh = std::make_shared<spdlog::logger>("seamline", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    fresh->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %l %v", spdlog::pattern_time_type::utc);
    return fresh;
  }();
  return *made;
}

std::string printable(std::string_view component, const std::string& message) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string line = std::string(component) + ": ";
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7F) {
      line.push_back(c);
    } else {
      line += "\\x";
      line.push_back(digits[byte >> 4U]);
      line.push_back(digits[byte & 0xFU]);
    }
  }
  return line;
}

}  // namespace

void log_info(std::string_view component, const std::string& message) { logger().info(printable(component, message)); }
void log_warning(std::string_view component, const std::string& message) { logger().warn(printable(component, message)); }
void log_error(std::string_view component, const std::string& message) { logger().error(printable(component, message)); }

void set_log_level(const std::string& level) {
  const auto known = spdlog::level::from_str(level);
  if (known != spdlog::level::off || level == "off") logger().set_level(known);
}

}  // namespace seamline::observe
