#pragma once

#include <memory>
#include <string>

#include "store/document_keeper.hpp"

namespace seamline::store {

/// Connections to one collection of a MongoDB server, or of one that speaks its wire. Thread-safe.
class MongoServer final : public DocumentServer {
 public:
  struct Options {
    /// `mongodb://user@host:port/database?option=…`; the database is `seamline` where none is named. What its options do not say,
    /// the limits below do. The password is that of the environment's SEAMLINE_MONGODB_PASSWORD.
    std::string url;
    std::string collection;
    /// How long a server is looked for.
    std::int64_t selection_timeout_ms = 2'000;
    std::int64_t connect_timeout_ms = 5'000;
    std::int64_t socket_timeout_ms = 30'000;
  };

  /// Connects to nothing yet. Throws StorageError where the url is none.
  explicit MongoServer(const Options& options);
  ~MongoServer() override;
  MongoServer(const MongoServer&) = delete;
  MongoServer& operator=(const MongoServer&) = delete;

  /// Is made when it is first used.
  std::unique_ptr<DocumentCollection> connect() override;
  /// The answer of the server's database `admin` to a command that changes nothing. Throws StorageError.
  Document ask(const Document& command);
  /// Hosts, database and collection.
  std::string place() const override { return place_; }

 private:
  struct Pool;
  std::unique_ptr<Pool> pool_;
  std::string collection_;
  std::string place_;
};

/// How the server of a module's store is reached.
MongoServer::Options mongodb_options(const DatabaseOptions& options);
/// The name under which a process has a store: two with one folder are kept apart by its lock, so whoever has the folder is the
/// one who had it before.
std::string mongodb_holder(const DatabaseOptions& options);

/// Keeps a store in the collection that bears the module's name. Errors: store.unusable where the url cannot be read.
Result<std::unique_ptr<Keeper>> make_mongodb_keeper(const DatabaseOptions& options, const Clock& clock);

}  // namespace seamline::store
