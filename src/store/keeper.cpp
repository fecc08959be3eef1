#include "store/keeper.hpp"

#include "store/sql_keeper.hpp"
#ifdef SEAMLINE_MONGODB
#include "store/mongodb.hpp"
#endif

namespace seamline::store {

Result<std::unique_ptr<Keeper>> make_keeper(const DatabaseOptions& options, [[maybe_unused]] const Clock& clock) {
#ifdef SEAMLINE_MONGODB
  if (options.storage.kind == StorageKind::mongodb) return make_mongodb_keeper(options, clock);
#endif
  auto database = make_database(options);
  if (!database) return fail(std::move(database.error()));
  return make_sql_keeper(options.module, std::move(*database));
}

}  // namespace seamline::store
