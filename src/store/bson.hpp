#pragma once

#include <bson/bson.h>

#include "store/document.hpp"

namespace seamline::store {

/// A document in the form of MongoDB's wire. Owns its memory.
class Bson {
 public:
  Bson() = default;
  explicit Bson(const Document& document);
  ~Bson();
  Bson(const Bson&) = delete;
  Bson& operator=(const Bson&) = delete;

  const bson_t* get() const { return &value_; }
  /// For a function that initialises it.
  bson_t* out() { return &value_; }

 private:
  bson_t value_ = BSON_INITIALIZER;
};

/// Numbers become 64 bits wide; what a Document cannot hold (null, times, lists of anything but documents) is left out.
Document read_bson(const bson_t& bson);

}  // namespace seamline::store
