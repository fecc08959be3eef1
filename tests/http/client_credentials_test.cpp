#include "http/client_credentials.hpp"

#include <algorithm>

#include "support/catch.hpp"

using seamline::http::with_client_credentials;

TEST_CASE("the credentials of the header Basic become parameters of the form, as they stand") {
  // order:top+secret%21, gateway:
  CHECK(with_client_credentials("a=b", "Basic b3JkZXI6dG9wK3NlY3JldCUyMQ==") ==
        "a=b&client_id=order&client_secret=top+secret%21");
  CHECK(with_client_credentials("", "basic Z2F0ZXdheTo=") == "client_id=gateway&client_secret=");
}

TEST_CASE("a client id that the form has too is not added again, and another one stands there twice") {
  CHECK(with_client_credentials("client_id=a&x=y", "Basic YTpi") == "client_id=a&x=y&client_secret=b");
  CHECK(with_client_credentials("client_id=ab", "Basic YTpi") == "client_id=ab&client_id=a&client_secret=b");
}

TEST_CASE("a header that holds no such credentials leaves the form as it is") {
  // In turn: none, another scheme, no text, no Base64, without padding, the alphabet for URLs, no colon.
  for (const char* header :
       {"", "Bearer YTpi", "Basic", "Basic ", "Basic %%%%", "Basic YTpiYw", "Basic Pz8_Oj8-", "Basic YWJj"}) {
    CHECK(with_client_credentials("a=b", header) == "a=b");
  }
}

TEST_CASE("credentials cannot bring other parameters along") {
  // a:b&grant_type=x, a=b:c
  CHECK(with_client_credentials("a=b", "Basic YTpiJmdyYW50X3R5cGU9eA==") == "a=b");
  CHECK(with_client_credentials("a=b", "Basic YT1iOmM=") == "a=b");
}

TEST_CASE("whatever stands in the header, the form stays in front and gains two parameters at most") {
  rc::prop("random headers", [](const std::string& text) {
    const std::string form = with_client_credentials("a=b", "Basic " + text);
    RC_ASSERT(form.starts_with("a=b"));
    RC_ASSERT(std::count(form.begin(), form.end(), '&') <= 2);
  });
}
