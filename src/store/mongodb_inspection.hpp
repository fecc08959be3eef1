#pragma once

#include "store/document.hpp"
#include "store/inspection.hpp"

namespace seamline::store {

/// inspect_server() for a collection of a MongoDB server, or of one that speaks its wire.
ServerReport inspect_mongodb(const DatabaseOptions& options);

/// What such a server says of itself: its answers to the commands of these names (MongoDB's manual, Database Commands). The last
/// is empty where the user may not ask for it.
struct MongoAnswers {
  Document hello;
  Document build_info;
  Document command_line;
};
/// Adds to the report what they amount to.
void judge_mongodb(const MongoAnswers& answers, ServerReport& report);

}  // namespace seamline::store
