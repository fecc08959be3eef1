#include "http/client_credentials.hpp"

#include <algorithm>
#include <optional>

#include "http/message.hpp"
#include "security/base64url.hpp"

namespace seamline::http {
namespace {

constexpr std::string_view scheme = "Basic ";

/// Base64 with padding (RFC 4648, section 4), which is what the scheme uses (RFC 7617, section 2).
std::optional<std::string> base64_decode(std::string_view text) {
  if (text.empty() || text.size() % 4 != 0 || text.find_first_of("-_") != std::string_view::npos) return std::nullopt;
  for (int i = 0; i < 2 && text.ends_with('='); ++i) text.remove_suffix(1);
  std::string for_urls(text);
  std::replace(for_urls.begin(), for_urls.end(), '+', '-');
  std::replace(for_urls.begin(), for_urls.end(), '/', '_');
  return security::base64url_decode(for_urls);
}

/// Nothing that would be read as the end of a form's value.
bool is_form_encoded(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return c <= ' ' || c >= 0x7F || c == '&' || c == '=' || c == ';'; });
}

bool has_parameter(std::string_view form, const std::string& parameter) {
  const std::string list = "&" + std::string(form) + "&";
  return list.find("&" + parameter + "&") != std::string::npos;
}

}  // namespace

std::string with_client_credentials(std::string_view form, std::string_view authorization) {
  std::string all(form);
  if (!equal_ignoring_case(authorization.substr(0, scheme.size()), scheme)) return all;
  const auto credentials = base64_decode(authorization.substr(scheme.size()));
  const auto colon = credentials ? credentials->find(':') : std::string::npos;
  if (colon == std::string::npos) return all;
  const std::string client = credentials->substr(0, colon);
  const std::string secret = credentials->substr(colon + 1);
  if (!is_form_encoded(client) || !is_form_encoded(secret)) return all;
  const auto add = [&](const std::string& parameter) { all += (all.empty() ? "" : "&") + parameter; };
  if (!has_parameter(form, "client_id=" + client)) add("client_id=" + client);
  add("client_secret=" + secret);
  return all;
}

}  // namespace seamline::http
