#pragma once

#include <optional>

#include "base/json.hpp"
#include "http/client.hpp"

namespace seamline::app {

/// How a command finds a running shop, and proves that it may act for it.
struct ShopAccess {
  std::string url = "http://127.0.0.1:8080";
  std::string admin_email = "admin@seamline.local";
  /// Empty where the shop asks for no authentication.
  std::string admin_password;
};

/// A running shop's API, as a command uses it. One connection; not thread-safe.
class ApiClient {
 public:
  explicit ApiClient(const ShopAccess& access, const http::TimeLimits& time = {})
      : access_(access), client_(access.url, {.time = time}) {}

  /// Gets an access token where the access has a password. Errors: the shop's, and call.unavailable.
  Result<void> log_in();
  /// Uses a token that another client got.
  void use_token(std::string token) { token_ = std::move(token); }
  const std::string& token() const { return token_; }

  Result<json::Value> get(const std::string& path, const std::string& query = {});
  /// Sends JSON. `idempotency_key` is empty for none.
  Result<json::Value> post(const std::string& path, const std::string& body, const std::string& idempotency_key = {});
  /// The answer as it came, whatever its status. Errors: those of http::Client, where no whole answer came.
  Result<http::Response> exchange(http::Request request);

 private:
  Result<json::Value> send(http::Request request);

  const ShopAccess access_;
  http::Client client_;
  std::string token_;
};

/// A member of an answer. Errors: call.bad_reply where it is not there: then the server is no shop.
Result<std::string> text_member(const json::Value& answer, std::string_view name);
Result<std::int64_t> integer_member(const json::Value& answer, std::string_view name);

}  // namespace seamline::app
