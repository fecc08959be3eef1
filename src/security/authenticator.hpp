#pragma once

#include <string_view>

#include "base/call_context.hpp"
#include "base/result.hpp"

namespace seamline::security {

/// Tells who a request comes from. Thread-safe.
class Authenticator {
 public:
  virtual ~Authenticator() = default;
  /// `authorization` is the header's value; empty where there is none, which gives the anonymous caller.
  /// Errors: request.invalid_token for one that does not hold; request.keys_unavailable where that cannot be told.
  virtual Result<Caller> authenticate(std::string_view authorization) = 0;
};

/// `security.auth = "off"`, for experiments on loopback: everybody is an admin without a subject.
class OpenAuthenticator final : public Authenticator {
 public:
  Result<Caller> authenticate(std::string_view) override { return Caller{Role::admin, {}}; }
};

}  // namespace seamline::security
