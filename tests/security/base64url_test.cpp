#include "security/base64url.hpp"

#include "support/catch.hpp"

using namespace seamline::security;

TEST_CASE("base64url writes the vectors of RFC 4648 without padding") {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""}, {"f", "Zg"}, {"fo", "Zm8"}, {"foo", "Zm9v"}, {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(base64url_encode(bytes) == text);
    CHECK(base64url_decode(text) == std::string(bytes));
  }
  CHECK(base64url_encode("\xfb\xff\xbf") == "-_-_");
}

TEST_CASE("base64url reads only the one canonical form") {
  for (const char* text : {"Zg==", "Zg=", "Z", "Zh", "Zm9=", "Zm9vY", "Zm 9v", "Zm9v\n", "+/+/", "Zm8x.", "Zn"}) {
    INFO(text);
    CHECK_FALSE(base64url_decode(text).has_value());
  }
}

TEST_CASE("base64url gives back whatever bytes it was given") {
  rc::prop("round trip", [](const std::string& bytes) { RC_ASSERT(base64url_decode(base64url_encode(bytes)) == bytes); });
}
