#include "store/mongodb_inspection.hpp"

#include "support/catch.hpp"

using namespace seamline;
using store::Document;
using store::MongoAnswers;
using store::ServerReport;

namespace {

MongoAnswers answers_of(std::int64_t wire, const char* version) {
  MongoAnswers answers;
  answers.hello.add("isWritablePrimary", true).add("maxWireVersion", wire).add("readOnly", false);
  answers.build_info.add("version", version);
  return answers;
}

/// What a server was started with.
Document started_with(std::string_view member, Document::Value value) {
  Document inner;
  inner.put(member, std::move(value));
  return Document().add("parsed", Document().add("storage", std::move(inner)));
}

ServerReport report_of(const MongoAnswers& answers) {
  ServerReport report;
  judge_mongodb(answers, report);
  return report;
}

std::string finding_of(const MongoAnswers& answers) {
  const ServerReport report = report_of(answers);
  REQUIRE(report.findings.size() == 1);
  CHECK_FALSE(report.findings.front().fix.empty());
  CHECK(report.findings.front().is_fatal);
  return report.findings.front().detail;
}

}  // namespace

TEST_CASE("a server of MongoDB says its version, its wire, and whether it stands alone") {
  MongoAnswers alone = answers_of(21, "7.0.5");
  CHECK(report_of(alone).version == "MongoDB 7.0.5, wire 21, standalone, journaled");
  CHECK(report_of(alone).findings.empty());
  MongoAnswers member = answers_of(9, "4.4.29");
  member.hello.add("setName", "rs0");
  CHECK(report_of(member).version == "MongoDB 4.4.29, wire 9, replica set rs0");
  MongoAnswers router = answers_of(21, "7.0.5");
  router.hello.add("msg", "isdbgrid");
  CHECK(report_of(router).version == "MongoDB 7.0.5, wire 21, mongos, journaled");
}

TEST_CASE("a server of MongoDB that cannot keep the orders is refused") {
  CHECK(finding_of(answers_of(8, "4.2.1")).find("older than 4.4") != std::string::npos);

  MongoAnswers secondary = answers_of(21, "7.0.5");
  secondary.hello = Document().add("isWritablePrimary", false).add("maxWireVersion", 21).add("setName", "rs0");
  CHECK(finding_of(secondary).find("takes no writes") != std::string::npos);

  MongoAnswers unjournaled = answers_of(13, "5.0.1");
  unjournaled.command_line = started_with("journal", std::make_shared<const Document>(Document().add("enabled", false)));
  CHECK(finding_of(unjournaled).find("without its journal") != std::string::npos);
  CHECK(report_of(unjournaled).version == "MongoDB 5.0.1, wire 13, standalone, no journal");

  MongoAnswers forgetful = answers_of(21, "7.0.5");
  forgetful.command_line = started_with("engine", std::string("inMemory"));
  CHECK(finding_of(forgetful).find("keeps nothing") != std::string::npos);

  MongoAnswers stranger;
  stranger.hello.add("ok", 1);
  CHECK(finding_of(stranger).find("names no wire version") != std::string::npos);
}

TEST_CASE("a FerretDB is said to be one, and can be used") {
  MongoAnswers ferret = answers_of(21, "7.0.42");
  ferret.build_info.add("ferretdbVersion", "v1.24.2");
  const ServerReport report = report_of(ferret);
  CHECK(report.version == "FerretDB v1.24.2, wire 21");
  REQUIRE(report.findings.size() == 1);
  CHECK_FALSE(report.findings.front().is_fatal);
}
