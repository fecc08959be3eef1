#pragma once

#include "store/database.hpp"

namespace seamline::store {

/// A schema of a PostgreSQL database. Errors: store.unusable where the url cannot be read.
Result<std::unique_ptr<Database>> make_postgres_database(const DatabaseOptions& options);

}  // namespace seamline::store
