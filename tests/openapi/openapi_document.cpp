#include <cstdio>

#include "http/openapi.hpp"
#include "support/shop.hpp"

/// Prints the OpenAPI document of the four modules, for the linter: with internal operations, so that it sees all there are.
int main() {
  seamline::test::Shop shop;
  std::puts(
      seamline::http::openapi_document("Seamline shop", "0.0.0", shop.host().routes(), {.internal_operations = true}).c_str());
}
