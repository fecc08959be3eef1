#pragma once

#include "store/document_collection.hpp"
#include "store/document_transaction.hpp"
#include "store/keeper.hpp"

namespace seamline::store {

/// Where a store's documents are, and how connections to them are made.
class DocumentServer {
 public:
  virtual ~DocumentServer() = default;
  /// A connection of its own; the server outlives it. Thread-safe.
  virtual std::unique_ptr<DocumentCollection> connect() = 0;
  /// For messages: without a secret.
  virtual std::string place() const = 0;
};

/// How a store of documents is taken, and its batches are sent.
struct DocumentOptions {
  DocumentTransaction::Options transaction;
  /// Until when after its last sign of life an owner on another machine, or with another folder, keeps the store.
  std::int64_t lease_ms = 15'000;
};

/// Keeps records in documents. Whoever takes the store raises the revision of the document `ownership`; from then on nobody who
/// took it before can write. `holder` names who takes it: one whose own earlier lease is still good takes it again at once.
std::unique_ptr<Keeper> make_document_keeper(std::string module, std::string holder, std::unique_ptr<DocumentServer> server,
                                             const DocumentOptions& options, const Clock& clock);

}  // namespace seamline::store
