#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace seamline::app {

/// Gives an existing file other content: whoever reads it sees the old or the new, whole, also after a crash. A symbolic link
/// stays, and the file that it leads to is replaced. Mode and, where this process may, owner are kept.
/// Errors: file.unwritable; the file is then as it was.
Result<void> replace_file(const std::filesystem::path& file, std::string_view content);

}  // namespace seamline::app
