#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace seamline::security {

/// Writes a file that only its owner may read (mode 0600), whole or not at all: it is durable when this returns. Replaces one
/// that is there. Errors: security.file_unusable.
Result<void> write_private_file(const std::filesystem::path& file, std::string_view content);

/// Reads such a file, up to 4 KiB; nothing where there is none. Errors: security.file_unusable for one that is no plain file, too
/// long, or open to others than its owner: a secret that others could read is none, and somebody has to know.
Result<std::optional<std::string>> read_private_file(const std::filesystem::path& file);

}  // namespace seamline::security
