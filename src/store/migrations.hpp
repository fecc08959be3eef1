#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace seamline::store {

/// One file of migrations/<owner>/NNNN_name.sql, compiled into the binary.
struct Migration {
  std::string_view owner;
  std::int64_t version;
  std::string_view name;
  std::string_view sql;
};

/// All migrations, sorted by owner and version.
std::span<const Migration> all_migrations();

}  // namespace seamline::store
