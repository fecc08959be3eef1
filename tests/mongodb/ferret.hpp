#pragma once

#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "base/hash.hpp"
#include "store/mongodb.hpp"

/// Tests over a server that speaks MongoDB's wire, whose url is in SEAMLINE_TEST_MONGODB: `tests/mongodb/over_ferret COMMAND`.
namespace seamline::test {

inline std::string mongodb_url() {
  const char* url = std::getenv("SEAMLINE_TEST_MONGODB");
  if (url == nullptr) throw std::runtime_error("SEAMLINE_TEST_MONGODB is not set: run this by tests/mongodb/over_ferret");
  return url;
}

/// The url of a database that nobody has used before.
inline std::string fresh_database_url() {
  static int made = 0;
  return mongodb_url() + "/t" + std::to_string(::getpid()) + "x" + std::to_string(++made);
}

/// A collection of its own.
class TestCollection {
 public:
  store::DocumentCollection& operator*() { return *collection_; }
  store::DocumentCollection* operator->() { return collection_.get(); }

 private:
  store::MongoServer server_{{fresh_database_url(), "things"}};
  std::unique_ptr<store::DocumentCollection> collection_ = server_.connect();
};

}  // namespace seamline::test
