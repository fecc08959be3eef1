#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "http/message.hpp"

namespace seamline::http {

/// A refusal of what only the protocol knows. The connection is closed after it: where the next request begins is in doubt.
struct Refusal {
  int status;
  std::string code;
  std::string detail;
};

struct HeadLimits {
  /// The request line and all header fields.
  std::size_t max_head_bytes = std::size_t{16} << 10U;
  std::size_t max_target_bytes = std::size_t{8} << 10U;
  int max_header_fields = 100;
  std::size_t max_body_bytes = std::size_t{1} << 20U;
};

/// What stands before the body of a request.
struct Head {
  /// All but the body.
  Request request;
  std::size_t body_bytes = 0;
  bool keep_alive = false;
  /// The client waits for `100 Continue` before it sends the body (RFC 9110, section 10.1.1).
  bool expects_continue = false;
};

/// Reads a head, `bytes` up to and with its empty line, strictly (RFC 9112, sections 2 to 6): two readers of one request must
/// not differ about where it ends, so what they might read in different ways is refused. A pure function.
tl::expected<Head, Refusal> parse_head(std::string_view bytes, const HeadLimits& limits);

/// What stands before the body of an answer.
struct ResponseHead {
  /// How the end of the body is found (RFC 9112, section 6.3).
  enum class Framing : std::uint8_t { counted, chunked, until_close };

  /// All but the body.
  Response response;
  Framing framing = Framing::counted;
  /// Of a counted body; 0 also where the answer has none.
  std::size_t body_bytes = 0;
  bool keep_alive = false;
};

/// Reads the head of an answer, `bytes` up to and with its empty line, as strictly; of the limits, the target's has no meaning.
/// `answers_head` says that the request was a HEAD, whose answer has no body. Else a sentence about what is wrong. A pure
/// function.
tl::expected<ResponseHead, std::string> parse_response_head(std::string_view bytes, const HeadLimits& limits, bool answers_head);

/// A character that no header value may have (RFC 9110, section 5.5).
bool has_control_character(std::string_view text);
/// A method or a header's name (RFC 9110, section 5.6.2).
bool is_token(std::string_view text);

}  // namespace seamline::http
