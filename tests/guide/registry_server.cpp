#include <csignal>
#include <cstdio>

#include "registry/registry.hpp"

/// Serves the embedded registry on a free port of 127.0.0.1, prints its url, and ends with standard input.
int main() {
  using namespace seamline;
  registry::RegistrySettings settings;
  settings.kind = registry::RegistryKind::embedded;
  settings.listen = "127.0.0.1:0";
  const auto registry = registry::Registry::start(settings, true, Clock::system(), Random::system());
  if (!registry) {
    std::fprintf(stderr, "%s\n", registry.error().detail.c_str());
    return 1;
  }
  std::printf("%s\n", (*registry)->url().c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
