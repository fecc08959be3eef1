#include "base/random.hpp"
#include "base/text.hpp"
#include "contract/events.hpp"
#include "contract/wire.hpp"
#include "sample.hpp"
#include "support/catch.hpp"

using namespace seamline;

// Not a fuzzer: valid documents, changed in a few places by a seeded generator, so that each run tries the same 20,000.

namespace {

const std::string thing_text =
    R"({"id":"t1","name":"B\u00e9x","size":-7,"is_new":true,"colour":"green","made_at":"2026-01-31T12:00:00.000Z","note":"\ud83d\ude00",)"
    R"("spare":{"name":"lid","count":1},"parts":[{"name":"side","count":4}],"tags":["a","b"],"extra":{"x":[1.5,{"y":null}]},"version":3})";

/// What tends to hurt, spliced in whole.
const std::vector<std::string> splinters{"\"",
                                         "\\",
                                         "\\u",
                                         "\\u0000",
                                         "\\ud800",
                                         "{",
                                         "}",
                                         "[",
                                         "]",
                                         "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                                         ",",
                                         ":",
                                         "null",
                                         "-",
                                         "e999",
                                         "1e400",
                                         "99999999999999999999",
                                         "-0",
                                         ".",
                                         std::string(1, '\0'),
                                         "\xFF",
                                         "\xED\xA0\x80",
                                         "\xC0\x80",
                                         "\xEF\xBB\xBF",
                                         "/*",
                                         "//",
                                         "%",
                                         "%00",
                                         "%ff",
                                         "&",
                                         "=",
                                         "+",
                                         "\n",
                                         "\x7f",
                                         "\"id\":\"t2\","};

std::string mutated(std::string text, SeededRandom& random) {
  for (std::uint64_t changes = 1 + random.below(2); changes > 0; --changes) {
    const std::size_t at = random.below(text.size() + 1);
    switch (random.below(5)) {
      case 0: text.insert(at, splinters[random.below(splinters.size())]); break;
      case 1: text.erase(at, 1 + random.below(6)); break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random.below(256));
        break;
      case 3: text.insert(at, text.substr(random.below(text.size() + 1), random.below(40))); break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(text[at] ^ static_cast<char>(1U << random.below(8)));
    }
  }
  return text;
}

/// Whether a refusal is the sender's fault, and its message is text that can be sent back.
bool is_clean(const Error& error) {
  const bool blames_the_sender = error.kind == Kind::malformed || error.kind == Kind::invalid || error.kind == Kind::too_large;
  std::string message;
  json::append_string(message, error.detail);
  for (const Violation& violation : error.violations) json::append_string(message += ',', violation.pointer + violation.detail);
  return blames_the_sender && !error.may_have_run && json::parse("[" + message + "]").has_value();
}

struct Tally {
  int accepted = 0;
  int refused = 0;

  template <class T, class Again>
  void take(const Result<T>& result, const std::string& input, Again&& again) {
    INFO(input);
    if (result) {
      ++accepted;
      // What was let in can be written and read again: nothing that later code cannot handle.
      REQUIRE(again(*result));
    } else {
      ++refused;
      REQUIRE(is_clean(result.error()));
    }
  }
};

}  // namespace

TEST_CASE("20,000 mutations of valid messages crash nothing, and every refusal is the sender's, in words that are text") {
  constexpr std::uint64_t seed = 20260131;
  SeededRandom random(seed);
  Tally tally;
  for (int i = 0; i < 8000; ++i) {
    const std::string text = mutated(thing_text, random);
    const auto reading = static_cast<Reading>(random.below(3));
    const auto rewritten = [&](const sample::Thing& thing) {
      return decode<sample::Thing>(encode(thing), Reading::strict) == thing;
    };
    tally.take(decode<sample::Thing>(text, reading), text, rewritten);
  }
  for (int i = 0; i < 4000; ++i) {
    const std::string text = mutated(R"({"type":"ThingMoved","id":"t1","to":7})", random);
    tally.take(decode_event<sample::ThingMoved>(text), text,
               [](const sample::ThingMoved& moved) { return decode_event<sample::ThingMoved>(encode_event(moved)) == moved; });
  }
  for (int i = 0; i < 4000; ++i) {
    const std::string query = mutated("owner=a%20b&text=%C3%A9&limit=5&is_new=true&colour=red", random);
    const std::string shelf = mutated("a%2Fb", random);
    const std::vector<std::pair<std::string_view, std::string_view>> path{{"shelf", shelf}};
    tally.take(decode_request<sample::ListThings>({path, query, {}}), query,
               [](const sample::ListThings& list) { return is_text(list.shelf) && is_text(list.owner); });
  }
  for (int i = 0; i < 4000; ++i) {
    const std::string form = mutated("user=ada&password=a+b%26c&scope=all", random);
    tally.take(decode_request<sample::LogIn>({{}, {}, form}), form,
               [](const sample::LogIn& log_in) { return is_text(log_in.user) && is_text(log_in.password.text); });
  }
  CHECK(tally.accepted + tally.refused == 20'000);
  // The mutations are neither all harmless nor all hopeless.
  CHECK(tally.accepted > 1000);
  CHECK(tally.refused > 10'000);
}

TEST_CASE("documents made to cost much are refused soon") {
  const auto refused = [](const std::string& text) { return !decode<sample::Thing>(text, Reading::strict).has_value(); };
  CHECK(refused(std::string(1'000'000, '[')));
  CHECK(refused(std::string(2'000'000, ' ')));
  CHECK(refused("\"" + std::string(1'000'000, '\\') + "\""));
  std::string many = "{";
  for (int i = 0; i < 100'000; ++i) many += "\"" + std::to_string(i) + "\":1,";
  CHECK(refused(many + "\"end\":1}"));
  std::string numbers = "[1";
  for (int i = 0; i < 400'000; ++i) numbers += ",1";
  CHECK(refused(numbers + "]"));
  CHECK(refused("1" + std::string(1'000'000, '0')));
}
