#include "contract/events.hpp"
#include "sample.hpp"
#include "support/catch.hpp"

using namespace seamline;
using sample::ThingMoved;

TEST_CASE("an event's body starts with its type, and is read back") {
  const ThingMoved moved{{"t1"}, 7};
  CHECK(encode_event(moved) == R"({"type":"ThingMoved","id":"t1","to":7})");
  CHECK(decode_event<ThingMoved>(encode_event(moved)).value() == moved);
  CHECK(ThingMoved::type.full_name() == "seamline.thing.ThingMoved.v1");
}

TEST_CASE("an event of a newer or foreign publisher is read: members that nobody knows, ids that are numbers") {
  CHECK(decode_event<ThingMoved>(R"({"to":7,"id":42,"type":"ThingMoved","later":{"x":1}})").value() == ThingMoved{{"42"}, 7});
}

TEST_CASE("a body of another event, without a type or with a type that is no text is refused") {
  for (const char* body : {R"({"type":"ThingLost","id":"t1","to":7})", R"({"id":"t1","to":7})", R"({"type":7,"id":"t1","to":7})",
                           R"({"type":"ThingMoved","id":"t1"})", R"([])", R"(null)"}) {
    INFO(body);
    const auto event = decode_event<ThingMoved>(body);
    REQUIRE_FALSE(event.has_value());
    CHECK(event.error().kind == Kind::malformed);
  }
}
