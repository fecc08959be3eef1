#pragma once

#include <string_view>
#include <vector>

namespace seamline::audit {

/// A table as the migrations declare it.
struct Table {
  std::string_view name;
  std::string_view columns;
  /// The columns of its primary key.
  std::string_view key;
};

/// The tables of a module that an invariant is about: the kernel's, and its own. In the order of the migrations.
std::vector<Table> tables_of(std::string_view module);

}  // namespace seamline::audit
