#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace seamline::http {

/// Header fields in the order in which they came or go. Names compare without regard to case (RFC 9110, section 5.1).
class Headers {
 public:
  void add(std::string name, std::string value) { fields_.emplace_back(std::move(name), std::move(value)); }
  /// The value of the first field of that name; empty where there is none.
  std::string_view get(std::string_view name) const;
  bool has(std::string_view name) const { return count(name) > 0; }
  std::size_t count(std::string_view name) const;
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

/// Compares without regard to ASCII case.
bool equal_ignoring_case(std::string_view a, std::string_view b);

/// Whether a Content-Type names this type, with or without parameters (RFC 9110, section 8.3.1).
bool has_media_type(std::string_view content_type, std::string_view wanted);

/// Whether a header says where a message begins and ends, or for whom it is (RFC 9110, sections 7.2, 7.6.1 and 8.6; RFC 9112,
/// section 6.1). Whoever writes the message to a connection writes these: a second one would let its author add a request.
bool is_framing_header(std::string_view name);

/// A whole request: its body has exactly the length that its head announced.
struct Request {
  std::string method;
  /// Percent-encoded, without the query.
  std::string path;
  /// Behind the question mark, percent-encoded.
  std::string query;
  Headers headers;
  std::string body;
};

struct Response {
  int status = 200;
  Headers headers;
  std::string body;
};

/// The reason phrase of a status (RFC 9110, section 15).
std::string_view reason_phrase(int status);

}  // namespace seamline::http
