#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "store/database.hpp"
#include "store/migrations.hpp"

namespace seamline::store {

/// Something about a database server that is not as a store wants it.
struct ServerFinding {
  /// Whether the store cannot be used there. Else it can, and something is to be known.
  bool is_fatal = false;
  /// What is so, and what to do.
  std::string detail;
  std::string fix;
};

/// How a database server was found that is to keep a module's store.
struct ServerReport {
  /// Where the store is, for messages: without a secret.
  std::string place;
  /// The server's name and version, with what else it says of itself; empty where it did not answer.
  std::string version;
  /// Of one round trip on an open connection.
  std::optional<std::int64_t> latency_us;
  /// Who writes to the store now, as far as the server knows; empty for nobody.
  std::string holder;
  std::vector<ServerFinding> findings;
};

/// Looks at the server of a store that is kept on one, within about twice the time limits of `options.server`, and changes
/// nothing there. `migrations` are those of this program. A server that is out of reach is a finding. Thread-safe.
ServerReport inspect_server(const DatabaseOptions& options, std::span<const Migration> migrations);

}  // namespace seamline::store
