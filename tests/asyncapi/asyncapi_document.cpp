#include <cstdio>
#include <string_view>

#include "http/asyncapi.hpp"
#include "support/shop.hpp"

/// Prints the AsyncAPI document of the four modules together, or of the one that is named.
int main(int count, char** arguments) {
  seamline::test::Shop shop;
  const std::string_view wanted = count > 1 ? arguments[1] : "";
  std::vector<seamline::ModuleDescriptor> modules = shop.host().describe();
  if (!wanted.empty()) std::erase_if(modules, [&](const auto& module) { return module.contract.module != wanted; });
  if (modules.empty()) return 2;
  seamline::http::AsyncApiOptions options;
  for (const char* name : {"user", "order", "payment", "inventory"}) options.urls[name] = "http://127.0.0.1:8100";
  std::puts(seamline::http::asyncapi_document("Seamline shop", "0.0.0", modules, options).c_str());
}
