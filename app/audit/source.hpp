#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

namespace seamline::audit {

/// Where the store of one module is: in a file, or on a server, at a url as the shop's configuration has it.
struct Source {
  enum class Kind : std::uint8_t { file, postgres, mongodb };

  Source() = default;
  // NOLINTNEXTLINE: implicit by purpose
  Source(std::filesystem::path where) : file(std::move(where)) {}
  Source(Kind server, std::string server_url, std::string module_name)
      : kind(server), url(std::move(server_url)), module(std::move(module_name)) {}

  Kind kind = Kind::file;
  std::filesystem::path file;
  std::string url;
  /// On a server: whose store it is.
  std::string module;
};

}  // namespace seamline::audit
