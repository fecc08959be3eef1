#include "store/mongodb_inspection.hpp"

#include <algorithm>

#include "store/document_records.hpp"
#include "store/mongodb.hpp"

namespace seamline::store {
namespace {

// Wire versions: src/mongo/db/wire_version.h of MongoDB.
constexpr std::int64_t wire_of_4_4 = 9;
/// From here on a server has no way to run without its journal but with an engine that keeps nothing.
constexpr std::int64_t wire_of_6_1 = 18;

/// The text at `path` within the document; empty where there is none.
std::string text_at(const Document& document, std::string_view member, std::string_view inner) {
  if (!document.has(member)) return {};
  return document.document(member).optional_text(inner).value_or("");
}

bool has_journal_off(const Document& command_line) {
  if (!command_line.has("parsed")) return false;
  const Document& parsed = command_line.document("parsed");
  if (!parsed.has("storage") || !parsed.document("storage").has("journal")) return false;
  return !parsed.document("storage").document("journal").optional_boolean("enabled").value_or(true);
}

bool keeps_nothing(const Document& command_line) {
  return command_line.has("parsed") && text_at(command_line.document("parsed"), "storage", "engine") == "inMemory";
}

std::string standing_of(const Document& hello) {
  if (hello.optional_text("msg") == "isdbgrid") return "mongos";
  const auto set = hello.optional_text("setName");
  return set ? "replica set " + *set : "standalone";
}

std::string journal_of(const MongoAnswers& answers, std::int64_t wire) {
  if (has_journal_off(answers.command_line) || keeps_nothing(answers.command_line)) return ", no journal";
  return wire >= wire_of_6_1 ? ", journaled" : "";
}

void judge_ferret(const std::string& version, std::int64_t wire, ServerReport& report) {
  report.version = "FerretDB " + version + ", wire " + std::to_string(wire);
  report.findings.push_back(
      {false, "This is FerretDB: it takes MongoDB's write concern, and what is durable is decided by the database behind it.",
       "See that that one syncs each commit; for PostgreSQL, fsync and synchronous_commit are on."});
}

std::string members_of(const Document& document) {
  std::string names;
  for (const auto& [name, value] : document.members()) names += (names.empty() ? "" : ", ") + name;
  return names;
}

/// Who has the store; nobody where that is whoever has the same folder: they take it from themselves.
std::string holder_of(MongoServer& server, const DatabaseOptions& options) {
  const auto found = find_document(*server.connect(), ownership_document_id);
  if (!found) return {};
  const Document owner = to_record(*found).body;
  const Timestamp ends{owner.integer("renewed_at_ms") + DocumentOptions().lease_ms};
  return owner.text("holder") == mongodb_holder(options) || ends <= Clock::system().now() ? "" : owner.text("holder");
}

}  // namespace

void judge_mongodb(const MongoAnswers& answers, ServerReport& report) {
  const auto add = [&](std::string detail, std::string fix) {
    report.findings.push_back({true, std::move(detail), std::move(fix)});
  };
  const auto wire = answers.hello.optional_integer("maxWireVersion");
  if (!wire) {
    return add("Its answer to hello names no wire version, but: " + members_of(answers.hello) + ".", "See what listens there.");
  }
  if (const auto ferret = answers.build_info.optional_text("ferretdbVersion")) return judge_ferret(*ferret, *wire, report);
  report.version = "MongoDB " + answers.build_info.optional_text("version").value_or("?") + ", wire " + std::to_string(*wire) +
                   ", " + standing_of(answers.hello) + journal_of(answers, *wire);
  if (*wire < wire_of_4_4) add("It is older than 4.4.", "Run MongoDB 4.4 or later.");
  if (!answers.hello.optional_boolean("isWritablePrimary").value_or(true) ||
      answers.hello.optional_boolean("readOnly").value_or(false)) {
    add("It takes no writes: it is not its replica set's primary, or only reads.",
        "Name the replica set in the url (replicaSet=…).");
  }
  if (has_journal_off(answers.command_line)) {
    add("It runs without its journal, and refuses writes that ask for it, as the shop's do.",
        "Take storage.journal.enabled: false away.");
  } else if (keeps_nothing(answers.command_line)) {
    add("Its storage engine, inMemory, keeps nothing.", "Run it with the engine wiredTiger.");
  }
}

ServerReport inspect_mongodb(const DatabaseOptions& options) {
  ServerReport report;
  try {
    MongoServer server(mongodb_options(options));
    report.place = server.place();
    MongoAnswers answers;
    answers.hello = server.ask(Document().add("hello", 1));
    const Instant asked = Clock::system().monotonic();
    server.ask(Document().add("ping", 1));
    report.latency_us = (Clock::system().monotonic().ns - asked.ns) / 1'000;
    answers.build_info = server.ask(Document().add("buildInfo", 1));
    try {
      answers.command_line = server.ask(Document().add("getCmdLineOpts", 1));
    } catch (const StorageError&) {
      // Not every user may ask for that.
    }
    judge_mongodb(answers, report);
    report.holder = holder_of(server, options);
  } catch (const StorageError& problem) {
    report.findings.push_back({true, problem.what(),
                               "See that the server runs, and that storage." + options.module +
                                   ".url names it and its user; the password is SEAMLINE_MONGODB_PASSWORD."});
  }
  return report;
}

}  // namespace seamline::store
