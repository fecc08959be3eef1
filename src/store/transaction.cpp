#include "store/transaction.hpp"

namespace seamline::store {

Connection& View::rows() { throw StorageError("this store keeps documents, and has no rows"); }

Documents& View::documents() { throw StorageError("this store keeps rows, and has no documents"); }

bool Transaction::begin_entry(const std::string&, const LogEntry&) { return true; }

}  // namespace seamline::store
