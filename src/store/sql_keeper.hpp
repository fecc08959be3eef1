#pragma once

#include "store/keeper.hpp"

namespace seamline::store {

/// Keeps records in the rows of a database.
std::unique_ptr<Keeper> make_sql_keeper(std::string module, std::unique_ptr<Database> database);

}  // namespace seamline::store
