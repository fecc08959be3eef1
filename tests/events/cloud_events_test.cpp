#include "events/cloud_events.hpp"

#include "base/json.hpp"
#include "support/catch.hpp"
#include "support/hostile_text.hpp"

using namespace seamline;
using namespace seamline::test;
using events::decode_batch;

namespace {

constexpr events::LogName note_log{"note", "log-1"};

std::string encode_all(const store::EntryBatch& entries, events::LogName log = note_log) {
  std::string text;
  events::BatchEncoder encoder(text, log);
  for (const auto& entry : entries) encoder.add(entry);
  encoder.end();
  return text;
}

/// Any entry, which follows one with the hash `before`.
store::LogEntry arbitrary_entry(std::int64_t seq, const Sha256& before) {
  store::LogEntry entry;
  entry.seq = seq;
  entry.epoch = *rc::gen::inRange<std::int64_t>(0, INT64_MAX);
  entry.type = "seamline.note." + *hostile_text();
  entry.subject = *hostile_text();
  entry.at = {*rc::gen::inRange<std::int64_t>(0, 253'402'300'800'000)};
  entry.trace = *hostile_text();
  entry.payload = R"( {"text" : )";
  entry.payload.erase(0, 1);
  json::append_string(entry.payload, *hostile_text());
  entry.payload += *rc::gen::element<std::string>("}", R"(,"a":[{"]":"}"},-1.50e3, null] })", R"(,"\u0041\/":"\ud83d\ude00"})");
  entry.hash = store::chain_hash(before, entry);
  return entry;
}

store::LogEntry entry_of(std::int64_t seq, std::string payload = R"({"type":"NoteWritten","note_id":"a"})") {
  store::LogEntry entry;
  entry.seq = seq;
  entry.epoch = 3;
  entry.type = "seamline.note.NoteWritten.v1";
  entry.subject = "a";
  entry.at = {1'790'000'000'123};
  entry.payload = std::move(payload);
  return entry;
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a batch comes back as it was, whatever the texts are, and its hashes still hold") {
  rc::prop("decode(encode(batch)) == batch", [] {
    store::EntryBatch sent;
    Sha256 before{};
    const auto count = *rc::gen::inRange<std::int64_t>(0, 6);
    for (std::int64_t seq = 7; seq < 7 + count; ++seq) {
      sent.push_back(arbitrary_entry(seq, before));
      before = sent.back().hash;
    }
    const std::string text = encode_all(sent);
    // Any other reader of JSON can read it too.
    RC_ASSERT(json::parse(text).has_value());
    const auto read = decode_batch(text, note_log);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->size() == sent.size());
    before = {};
    for (std::size_t i = 0; i < sent.size(); ++i) {
      RC_ASSERT((*read)[i].payload == sent[i].payload);
      RC_ASSERT((*read)[i].seq == sent[i].seq);
      RC_ASSERT((*read)[i].hash == sent[i].hash);
      RC_ASSERT(store::chain_hash(before, (*read)[i]) == sent[i].hash);
      before = sent[i].hash;
    }
  });
}

TEST_CASE("an event on the wire has the attributes of CloudEvents and of the log, each in one form") {
  auto entry = entry_of(42);
  entry.trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  CHECK(encode_all({entry}) ==
        R"([{"specversion":"1.0","id":"log-1-42","source":"/seamline/note","type":"seamline.note.NoteWritten.v1","subject":"a",)"
        R"("time":"2026-09-21T14:13:20.123Z","datacontenttype":"application/json","sequence":"42","epoch":"3",)"
        R"("traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",)"
        R"("hash":"0000000000000000000000000000000000000000000000000000000000000000",)"
        R"("data":{"type":"NoteWritten","note_id":"a"}}])");
  entry.trace.clear();
  entry.subject.clear();
  const std::string bare = encode_all({entry});
  CHECK(bare.find("subject") == std::string::npos);
  CHECK(bare.find("traceparent") == std::string::npos);
}

TEST_CASE("the hash of an entry is what the page on events over HTTP tells other languages to compute") {
  auto entry = entry_of(1, R"({"type":"NoteWritten","note_id":"a","number":1})");
  entry.epoch = 1;
  CHECK(to_hex(store::chain_hash({}, entry)) == "29b62764ad3909010a75c86d1b12332aa7522f02bc65996b56a38c266b15ab73");
}

TEST_CASE("white space, other orders and unknown attributes do not disturb") {
  const std::string text = encode_all({entry_of(1)});
  std::string spaced =
      replaced(text, R"("id":"log-1-1",)", "\"more\" : [1, {\"x\":\"]\"}] ,\n \"id\" :\t\"log-1-1\" , \"other\":-1.5e3,");
  spaced = " " + replaced(spaced, R"({"specversion")", R"({ "specversion")") + "\n";
  const auto read = decode_batch(spaced, note_log);
  REQUIRE(read.has_value());
  CHECK(read->at(0).payload == entry_of(1).payload);
  CHECK(decode_batch(" [ ] ", note_log)->empty());
}

TEST_CASE("a batch that is cut anywhere is refused") {
  const std::string text = encode_all({entry_of(1), entry_of(2)});
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto read = decode_batch(std::string_view(text).substr(0, size), note_log);
    REQUIRE_FALSE(read.has_value());
    REQUIRE(read.error().code == "events.malformed_batch");
  }
}

TEST_CASE("a batch is refused for whatever is not as it should be") {
  const std::string good = encode_all({entry_of(1)});
  REQUIRE(decode_batch(good, note_log).has_value());
  const auto is_refused = [](const std::string& text, events::LogName log = note_log) {
    return !decode_batch(text, log).has_value();
  };
  CHECK(is_refused(good, {"note", "log-2"}));
  CHECK(is_refused(good, {"order", "log-1"}));
  CHECK(is_refused(good + "x"));
  CHECK(is_refused(replaced(good, "}]", "},]")));
  CHECK(is_refused(replaced(good, "1.0", "0.3")));
  CHECK(is_refused(replaced(good, R"("id":"log-1-1")", R"("id":"log-1-2")")));
  CHECK(is_refused(replaced(good, R"("sequence":"1")", R"("sequence":1)")));
  CHECK(is_refused(replaced(good, R"("sequence":"1")", R"("sequence":"01")")));
  CHECK(is_refused(replaced(good, R"("sequence":"1")", R"("sequence":"99999999999999999999")")));
  CHECK(is_refused(replaced(good, R"("epoch":"3")", R"("epoch":"-3")")));
  CHECK(is_refused(replaced(good, R"("epoch":"3")", R"("epoch":"3","epoch":"3")")));
  CHECK(is_refused(replaced(good, R"("epoch":"3",)", "")));
  CHECK(is_refused(replaced(good, "2026-09-21", "2026-09-41")));
  CHECK(is_refused(replaced(good, R"("hash":"00)", R"("hash":"0G)")));
  CHECK(is_refused(replaced(good, R"("hash":"00)", R"("hash":"0)")));
  CHECK(is_refused(replaced(good, R"(application/json)", R"(text/plain)")));
  CHECK(is_refused(replaced(good, R"("data":{)", R"("data":[{)")));
  CHECK(is_refused(replaced(good, R"("note_id":"a"})", R"("note_id":"a"]})")));
  CHECK(is_refused(replaced(good, R"("data":{"type":"NoteWritten","note_id":"a"})", R"("data":"{}")")));
  CHECK(is_refused(replaced(good, R"("subject":"a")", R"("subject":"\u0000")")));
  CHECK(is_refused(replaced(good, R"("subject":"a")", R"("subject":"\ud800")")));
  CHECK(is_refused(replaced(good, R"("subject":"a")", "\"subject\":\"\x80\"")));
  CHECK(is_refused(replaced(good, R"("subject":"a")", "\"subject\":\"\n\"")));
  CHECK(is_refused(replaced(good, R"("subject":"a")", "\"subject\":\"" + std::string(1025, 'a') + "\"")));
  CHECK(is_refused(replaced(good, R"("subject":"a")", R"("x":nul)")));
  CHECK(is_refused(R"({"specversion":"1.0"})"));
}

TEST_CASE("a batch over a limit is refused") {
  const std::string text = encode_all({entry_of(1), entry_of(2)});
  CHECK_FALSE(decode_batch(text, note_log, {.max_bytes = text.size() - 1}).has_value());
  CHECK(decode_batch(text, note_log, {.max_bytes = text.size()}).has_value());
  CHECK_FALSE(decode_batch(text, note_log, {.max_entries = 1}).has_value());
  const std::string deep = R"({"a":)" + std::string(40, '[') + std::string(40, ']') + "}";
  CHECK_FALSE(decode_batch(encode_all({entry_of(1, deep)}), note_log).has_value());
  CHECK(decode_batch(encode_all({entry_of(1, deep)}), note_log, {.max_depth = 41}).has_value());
}
