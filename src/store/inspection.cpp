#include "store/inspection.hpp"

#ifdef SEAMLINE_MONGODB
#include "store/mongodb_inspection.hpp"
#endif
#ifdef SEAMLINE_POSTGRES
#include "store/postgres_inspection.hpp"
#endif

namespace seamline::store {

ServerReport inspect_server(const DatabaseOptions& options, [[maybe_unused]] std::span<const Migration> migrations) {
  ServerReport report;
  if (auto checked = check_storage(options.storage); !checked) {
    report.findings.push_back({true, checked.error().detail, "Set storage." + options.module + "."});
    return report;
  }
#ifdef SEAMLINE_POSTGRES
  if (options.storage.kind == StorageKind::postgres) return inspect_postgres(options, migrations);
#endif
#ifdef SEAMLINE_MONGODB
  if (options.storage.kind == StorageKind::mongodb) return inspect_mongodb(options);
#endif
  return report;
}

}  // namespace seamline::store
