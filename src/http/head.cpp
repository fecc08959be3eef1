#include "http/head.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace seamline::http {
namespace {

Refusal bad_head(std::string detail) { return {400, "request.malformed_head", std::move(detail)}; }

/// Takes the next line, which ends with CRLF, off the text.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find("\r\n");
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 2);
  return line;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::size_t> read_length(std::string_view text) {
  std::size_t length = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), length);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return length;
}

/// Whether a field that is a list of tokens, such as Connection, has this one.
bool lists_token(const Headers& headers, std::string_view name, std::string_view token) {
  for (const auto& [field, value] : headers.fields()) {
    if (!equal_ignoring_case(field, name)) continue;
    for (std::string_view rest = value; !rest.empty();) {
      const auto comma = rest.find(',');
      if (equal_ignoring_case(trimmed(rest.substr(0, comma)), token)) return true;
      rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
  }
  return false;
}

/// Path and query of a target: all of it, or what stands behind the authority of an absolute one (RFC 9112, section 3.2).
/// Empty for the other forms.
std::string_view origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto path = target.find_first_of("/?", scheme.size());
    if (path == std::string_view::npos) return "/";
    return target.substr(path);
  }
  return target.starts_with('/') ? target : std::string_view();
}

std::optional<Refusal> read_request_line(std::string_view line, const HeadLimits& limits, Head& head, std::string_view& version) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return bad_head("The request line is not: method, target, version.");
  version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    if (!version.starts_with("HTTP/")) return bad_head("The request line does not end with a version of HTTP.");
    return Refusal{505, "request.unknown_version", "HTTP/1.1 and HTTP/1.0 are spoken here."};
  }
  const std::string_view method = line.substr(0, first);
  if (!is_token(method)) return bad_head("The method holds characters that no method may have.");
  std::string_view target = line.substr(first + 1, last - first - 1);
  if (target.size() > limits.max_target_bytes) {
    return Refusal{414, "request.target_too_long",
                   "The target is longer than " + std::to_string(limits.max_target_bytes) + " bytes."};
  }
  const bool is_visible = std::all_of(target.begin(), target.end(), [](char c) { return c > 0x20 && c < 0x7F && c != '#'; });
  target = origin_form(target);
  if (!is_visible || target.empty()) {
    return Refusal{400, "request.bad_target", "The target must be a path that starts with '/', with all else percent-encoded."};
  }
  const auto question = target.find('?');
  head.request.method = method;
  head.request.path = question == 0 ? "/" : target.substr(0, question);
  if (question != std::string_view::npos) head.request.query = target.substr(question + 1);
  return std::nullopt;
}

std::optional<Refusal> read_fields(std::string_view lines, const HeadLimits& limits, Headers& headers) {
  for (std::string_view line = take_line(lines); !line.empty(); line = take_line(lines)) {
    if (line.front() == ' ' || line.front() == '\t')
      return Refusal{400, "request.bad_header", "A header runs over more than one line."};
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
      return Refusal{400, "request.bad_header", "A header is not: name, colon, value; no space stands before the colon."};
    }
    const std::string_view value = trimmed(line.substr(colon + 1));
    if (has_control_character(value)) return Refusal{400, "request.bad_header", "A header's value holds control characters."};
    if (headers.fields().size() >= static_cast<std::size_t>(limits.max_header_fields)) {
      return Refusal{431, "request.too_many_headers",
                     "More than " + std::to_string(limits.max_header_fields) + " header fields."};
    }
    headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
  return std::nullopt;
}

std::optional<Refusal> check_host(const Headers& headers, std::string_view version) {
  const std::size_t hosts = headers.count("Host");
  if (hosts > 1 || (hosts == 0 && version == "HTTP/1.1"))
    return Refusal{400, "request.bad_host", "A request has one Host header."};
  const std::string_view host = headers.get("Host");
  if (host.find_first_of(" \t/\\@?#,\"<>") == std::string_view::npos) return std::nullopt;
  return Refusal{400, "request.bad_host", "The Host header is a name or an address, with or without a port."};
}

/// How long the body is (RFC 9112, section 6.3).
std::optional<Refusal> read_framing(const HeadLimits& limits, Head& head) {
  const Headers& headers = head.request.headers;
  const std::string& method = head.request.method;
  const std::size_t lengths = headers.count("Content-Length");
  if (headers.has("Transfer-Encoding")) {
    if (lengths > 0) return Refusal{400, "request.bad_length", "A Transfer-Encoding and a Content-Length exclude each other."};
    return Refusal{411, "request.length_required", "Send the body with a Content-Length; chunked bodies are not read here."};
  }
  if (lengths > 1) return Refusal{400, "request.bad_length", "More than one Content-Length."};
  const bool wants_body = method == "POST" || method == "PUT" || method == "PATCH";
  if (lengths == 0) {
    if (!wants_body) return std::nullopt;
    return Refusal{411, "request.length_required", "A " + method + " needs a Content-Length, 0 where it has no body."};
  }
  const auto length = read_length(headers.get("Content-Length"));
  if (!length) return Refusal{400, "request.bad_length", "The Content-Length is no number of bytes."};
  if (*length > limits.max_body_bytes) {
    return Refusal{
        413, "request.too_large",
        "The body has " + std::to_string(*length) + " bytes; at most " + std::to_string(limits.max_body_bytes) + " are read."};
  }
  head.body_bytes = *length;
  return std::nullopt;
}

/// The status code of an answer's first line; 0 where it is none.
int read_status_line(std::string_view line) {
  const std::string_view version = line.substr(0, 9);
  if (version != "HTTP/1.1 " && version != "HTTP/1.0 ") return 0;
  line.remove_prefix(version.size());
  const bool has_three_digits =
      line.size() >= 3 && std::all_of(line.begin(), line.begin() + 3, [](char c) { return c >= '0' && c <= '9'; });
  if (!has_three_digits || (line.size() > 3 && line[3] != ' ') || has_control_character(line)) return 0;
  return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/// How the body of an answer ends (RFC 9112, section 6.3), or a sentence about what is wrong.
std::optional<std::string> read_response_framing(const HeadLimits& limits, bool answers_head, ResponseHead& head) {
  const Headers& headers = head.response.headers;
  const int status = head.response.status;
  const std::size_t lengths = headers.count("Content-Length");
  if (answers_head || status < 200 || status == 204 || status == 304) return std::nullopt;
  if (headers.has("Transfer-Encoding")) {
    if (lengths > 0) return "it has both a Transfer-Encoding and a Content-Length";
    if (headers.count("Transfer-Encoding") > 1 || !equal_ignoring_case(headers.get("Transfer-Encoding"), "chunked")) {
      return "its Transfer-Encoding is not: chunked";
    }
    head.framing = ResponseHead::Framing::chunked;
    return std::nullopt;
  }
  if (lengths > 1) return "it has more than one Content-Length";
  if (lengths == 0) {
    head.framing = ResponseHead::Framing::until_close;
    head.keep_alive = false;
    return std::nullopt;
  }
  const auto length = read_length(headers.get("Content-Length"));
  if (!length) return "its Content-Length is no number of bytes";
  if (*length > limits.max_body_bytes) {
    return "its body has " + std::to_string(*length) + " bytes, and at most " + std::to_string(limits.max_body_bytes) +
           " are read";
  }
  head.body_bytes = *length;
  return std::nullopt;
}

}  // namespace

bool has_control_character(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7F; });
}

bool is_token(std::string_view text) {
  static constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

tl::expected<Head, Refusal> parse_head(std::string_view bytes, const HeadLimits& limits) {
  Head head;
  std::string_view version;
  const std::string_view request_line = take_line(bytes);
  if (auto refusal = read_request_line(request_line, limits, head, version)) return tl::unexpected(std::move(*refusal));
  const Headers& headers = head.request.headers;
  if (auto refusal = read_fields(bytes, limits, head.request.headers)) return tl::unexpected(std::move(*refusal));
  if (auto refusal = check_host(headers, version)) return tl::unexpected(std::move(*refusal));
  if (auto refusal = read_framing(limits, head)) return tl::unexpected(std::move(*refusal));
  const bool is_1_1 = version == "HTTP/1.1";
  if (is_1_1 && headers.has("Expect")) {
    if (!equal_ignoring_case(headers.get("Expect"), "100-continue")) {
      return tl::unexpected(Refusal{417, "request.bad_expectation", "The only expectation that can be met is 100-continue."});
    }
    head.expects_continue = true;
  }
  head.keep_alive = !lists_token(headers, "Connection", "close") && (is_1_1 || lists_token(headers, "Connection", "keep-alive"));
  return head;
}

tl::expected<ResponseHead, std::string> parse_response_head(std::string_view bytes, const HeadLimits& limits, bool answers_head) {
  ResponseHead head;
  const std::string_view status_line = take_line(bytes);
  head.response.status = read_status_line(status_line);
  if (head.response.status < 100) return tl::unexpected(std::string("it does not begin with a status line of HTTP/1.1"));
  Headers& headers = head.response.headers;
  if (auto refusal = read_fields(bytes, limits, headers)) return tl::unexpected("of its head: " + refusal->detail);
  const bool is_1_1 = status_line.starts_with("HTTP/1.1");
  head.keep_alive = !lists_token(headers, "Connection", "close") && (is_1_1 || lists_token(headers, "Connection", "keep-alive"));
  if (auto fault = read_response_framing(limits, answers_head, head)) return tl::unexpected(std::move(*fault));
  return head;
}

}  // namespace seamline::http
