#pragma once

#include "store/inspection.hpp"

namespace seamline::store {

/// inspect_server() for a schema of a PostgreSQL database.
ServerReport inspect_postgres(const DatabaseOptions& options, std::span<const Migration> migrations);

}  // namespace seamline::store
