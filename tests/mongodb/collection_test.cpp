#include <algorithm>

#include "mongodb/ferret.hpp"
#include "support/catch.hpp"

using seamline::store::BulkOutcome;
using seamline::store::Document;
using seamline::store::DocumentWrite;
using seamline::store::find_document;

namespace {

DocumentWrite write_of(const std::string& id, std::int64_t expected, Document content = {}) {
  Document whole;
  whole.add("_id", id).add("revision", expected + 1);
  for (const auto& [name, value] : content.members()) whole.put(name, value);
  return {id, expected, whole};
}

std::vector<std::string> ids_of(seamline::store::DocumentCollection& collection,
                                const seamline::store::DocumentCollection::Query& query) {
  std::vector<std::string> ids;
  collection.find(query, [&](const Document& document) {
    ids.push_back(document.text("_id"));
    return true;
  });
  return ids;
}

}  // namespace

TEST_CASE("a document comes back from the server as it was written") {
  seamline::test::TestCollection documents;
  Document content;
  content.add("number", INT64_MAX).add("text", std::string("ä\0b", 4)).add("hash", seamline::sha256("x"));
  content.add("inner", Document().add("a", 1)).add("list", Document::List{Document().add("b", 2), Document().add("c", "d")});
  CHECK(documents->write(std::vector{write_of("one", 0, content)}).kind == BulkOutcome::Kind::written);
  const auto found = find_document(*documents, "one");
  REQUIRE(found);
  CHECK(found->integer("number") == INT64_MAX);
  CHECK(found->text("text") == std::string("ä\0b", 4));
  CHECK(found->digest("hash") == seamline::sha256("x"));
  CHECK(found->document("inner").integer("a") == 1);
  REQUIRE(found->list("list").size() == 2);
  CHECK(found->list("list")[1].text("c") == "d");
  CHECK(!find_document(*documents, "two"));
  CHECK_THROWS_AS(found->integer("text"), seamline::store::StorageError);
}

TEST_CASE("a bulk ends at the first document of another revision") {
  seamline::test::TestCollection documents;
  REQUIRE(documents->write(std::vector{write_of("a", 0), write_of("b", 0)}).kind == BulkOutcome::Kind::written);
  const auto outcome = documents->write(std::vector{write_of("a", 1), write_of("c", 0), write_of("b", 7), write_of("d", 0)});
  CHECK(outcome.kind == BulkOutcome::Kind::conflict);
  CHECK(find_document(*documents, "a")->integer("revision") == 2);
  CHECK(find_document(*documents, "c"));
  CHECK(find_document(*documents, "b")->integer("revision") == 1);
  CHECK(!find_document(*documents, "d"));
  // What is there already is not made anew.
  CHECK(documents->write(std::vector{write_of("c", 0)}).kind == BulkOutcome::Kind::conflict);
  // The same document twice, one write behind the other.
  CHECK(documents->write(std::vector{write_of("c", 1), write_of("c", 2)}).kind == BulkOutcome::Kind::written);
}

TEST_CASE("documents are found by what is in their lists") {
  seamline::test::TestCollection documents;
  documents->ensure_index("log", Document().add("log.seq", 1), true);
  documents->ensure_index("log", Document().add("log.seq", 1), true);
  const auto log_of = [](std::vector<int> numbers) {
    Document::List list;
    for (const int number : numbers) list.push_back(Document().add("seq", number).add("name", "n" + std::to_string(number)));
    return Document().add("last_seq", numbers.back()).add("log", std::move(list));
  };
  REQUIRE(documents
              ->write(std::vector{write_of("old", 0, log_of({1, 8})), write_of("middle", 0, log_of({4, 5})), write_of("none", 0),
                                  write_of("nothing", 0), write_of("new", 0, log_of({2, 9}))})
              .kind == BulkOutcome::Kind::written);
  const Document some = Document().add("log.seq", Document().add("$in", Document::Numbers{2, 3, 4}));
  auto found = ids_of(*documents, {some, {}, Document().add("log", 1), 0});
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<std::string>{"middle", "new"});
  CHECK(ids_of(*documents, {Document().add("log.name", "n8"), {}, {}, 0}) == std::vector<std::string>{"old"});
  const Document any = Document().add("last_seq", Document().add("$gt", 0));
  CHECK(ids_of(*documents, {any, Document().add("last_seq", -1), {}, 2}) == std::vector<std::string>{"new", "old"});
  CHECK(ids_of(*documents, {Document().add("log.seq", Document().add("$lt", 3)), {}, {}, 1}).size() == 1);
}

TEST_CASE("documents are counted by a member, and listed from either end") {
  seamline::test::TestCollection documents;
  const auto with_status = [](const char* status) { return Document().add("body", Document().add("status", status)); };
  REQUIRE(documents
              ->write(std::vector{write_of("a", 0, with_status("x")), write_of("b", 0, with_status("y")),
                                  write_of("c", 0, with_status("x")), write_of("d", 0)})
              .kind == BulkOutcome::Kind::written);
  auto counts = documents->count_by("body.status");
  std::sort(counts.begin(), counts.end());
  CHECK(counts == std::vector<std::pair<std::string, std::int64_t>>{{"x", 2}, {"y", 1}});
  const Document below = Document().add("_id", Document().add("$lt", "d")).add("body", Document().add("$exists", true));
  CHECK(ids_of(*documents, {below, Document().add("_id", -1), {}, 2}) == std::vector<std::string>{"c", "b"});
}
