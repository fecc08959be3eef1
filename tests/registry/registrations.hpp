#pragma once

#include "registry/instance.hpp"

namespace seamline::test {

inline registry::Registration instance_of(const std::string& service, const std::string& id) {
  registry::Registration registration;
  registration.id = id;
  registration.name = service;
  registration.address = "127.0.0.1";
  registration.port = 8103;
  return registration;
}

inline registry::Registration with_ttl(registry::Registration registration, std::int64_t ttl_ms,
                                       std::int64_t deregister_after_ms = 0) {
  registry::CheckDefinition check;
  check.ttl_ms = ttl_ms;
  check.deregister_after_ms = deregister_after_ms;
  registration.checks.push_back(check);
  return registration;
}

inline registry::Registration with_http(registry::Registration registration, const std::string& url, std::int64_t interval_ms) {
  registry::CheckDefinition check;
  check.http = url;
  check.interval_ms = interval_ms;
  check.timeout_ms = 2'000;
  registration.checks.push_back(check);
  return registration;
}

}  // namespace seamline::test
