#include "http/contract_document.hpp"

#include "sample.hpp"
#include "support/catch.hpp"

using namespace seamline;

namespace {

const ContractDescriptor wanted = contract_of<sample::ThingContract>();

/// Empty where the document is what was wanted.
std::string problem_with(const std::string& text) {
  const auto checked = http::check_contract(text, wanted);
  if (checked) return {};
  CHECK(checked.error().code == "call.contract_mismatch");
  CHECK(checked.error().kind == Kind::unavailable);
  CHECK_FALSE(checked.error().retryable);
  CHECK_FALSE(checked.error().may_have_run);
  return checked.error().detail;
}

std::string document_without(std::string_view name) {
  ContractDescriptor offered = wanted;
  std::erase(offered.operations, name);
  std::erase_if(offered.events, [&](const EventDescriptor& event) { return event.type.full_name() == name; });
  return http::contract_document(offered, "0.0.9");
}

}  // namespace

TEST_CASE("a contract's document lists its operations and events") {
  ContractDescriptor small = wanted;
  small.operations.resize(2);
  CHECK(http::contract_document(small, "0.1.0") ==
        R"({"module":"thing","version":"0.1.0","operations":[")" + std::string(small.operations[0]) + R"(",")" +
            std::string(small.operations[1]) + R"("],"events":["seamline.thing.ThingMoved.v1"]})");
  CHECK(wanted.operations.size() == sample::ThingContract::operations::size);
}

TEST_CASE("a service with the same contract, or with more, is welcome") {
  CHECK(problem_with(http::contract_document(wanted, "0.1.0")) == "");
  ContractDescriptor newer = wanted;
  newer.operations.push_back("thing.later");
  newer.events.push_back({{"thing", "ThingLater", 1}, "things", nullptr});
  CHECK(problem_with(http::contract_document(newer, "9.9.9")) == "");
  std::string richer = http::contract_document(newer, "9.9.9");
  richer.insert(1, R"("later":{"x":[1]},)");
  CHECK(problem_with(richer) == "");
}

TEST_CASE("each operation and event that a service lacks is named") {
  for (const std::string_view operation : wanted.operations) {
    CHECK(problem_with(document_without(operation)) == "The module thing, version 0.0.9, lacks the operation " +
                                                           std::string(operation) +
                                                           ": it is older than this program; upgrade it first.");
  }
  CHECK(
      problem_with(document_without("seamline.thing.ThingMoved.v1")) ==
      "The module thing, version 0.0.9, lacks the event seamline.thing.ThingMoved.v1: it is older than this program; upgrade it "
      "first.");
  const std::string none = problem_with(R"({"module":"thing","operations":[],"events":[]})");
  CHECK(none.starts_with("The module thing lacks the operations " + std::string(wanted.operations[0]) + ", "));
  CHECK(none.find(" and the event seamline.thing.ThingMoved.v1: ") != std::string::npos);
}

TEST_CASE("a service of another module is told from one that is none") {
  ContractDescriptor other = wanted;
  other.module = "other";
  CHECK(problem_with(http::contract_document(other, "1")) ==
        "What answers at the url of thing is the module other: correct modules.thing.url.");
  for (const char* text :
       {"", "<html>", "[]", "{}", R"({"module":"thing"})", R"({"module":7,"operations":[],"events":[]})",
        R"({"module":"thing","operations":{},"events":[]})", R"({"module":"thing","operations":[7],"events":[]})",
        R"({"module":"thing","operations":[],"events":null})"}) {
    INFO(text);
    CHECK(problem_with(text) == "What answers at the url of thing is no service of Seamline: it sent no contract.");
  }
  const std::string long_name = problem_with(R"({"module":")" + std::string(5'000, 'x') + R"(","operations":[],"events":[]})");
  CHECK(long_name.size() < 300);
}
