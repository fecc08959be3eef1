#include "http/head.hpp"

#include "base/random.hpp"
#include "support/catch.hpp"

using namespace seamline;
using http::Head;

namespace {

const std::string host = "Host: x\r\n";

/// "200 " and what was understood, or the status and code of the refusal.
std::string outcome(const std::string& bytes, const http::HeadLimits& limits = {}) {
  const auto head = http::parse_head(bytes, limits);
  if (!head) return std::to_string(head.error().status) + " " + head.error().code;
  const auto& request = head->request;
  return request.method + " " + request.path + (request.query.empty() ? "" : "?" + request.query) + " " +
         std::to_string(head->body_bytes);
}

Head parsed(const std::string& bytes) { return http::parse_head(bytes, {}).value(); }

std::string get(const std::string& fields) { return "GET /a HTTP/1.1\r\n" + host + fields + "\r\n"; }
std::string post(const std::string& fields) { return "POST /a HTTP/1.1\r\n" + host + fields + "\r\n"; }

}  // namespace

TEST_CASE("a head is read: method, path, query, fields without the space around them, length") {
  const Head head =
      parsed("POST /a/b?c=d&e HTTP/1.1\r\nHost: x:80\r\nX-Text: \t a b \t\r\nx-empty:\r\ncontent-length: 12\r\n\r\n");
  CHECK(head.request.method == "POST");
  CHECK(head.request.path == "/a/b");
  CHECK(head.request.query == "c=d&e");
  CHECK(head.request.headers.get("x-text") == "a b");
  CHECK(head.request.headers.has("X-Empty"));
  CHECK(head.body_bytes == 12);
  CHECK(head.keep_alive);
  CHECK_FALSE(head.expects_continue);
}

TEST_CASE("the request line is method, target and version with one space between, and nothing else") {
  CHECK(outcome("GET / HTTP/1.1\r\n" + host + "\r\n") == "GET / 0");
  for (const char* line : {"",
                           "GET",
                           "GET /",
                           "GET  / HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           " GET / HTTP/1.1",
                           "GET /a b HTTP/1.1",
                           "G@T / HTTP/1.1",
                           "GET / http/1.1",
                           "GET / FTP/1.1",
                           "GET\t/ HTTP/1.1",
                           "GET /\x01 HTTP/1.1",
                           "GET /\xC3\xA9 HTTP/1.1",
                           "GET /a#b HTTP/1.1",
                           "GET a HTTP/1.1",
                           "GET ?a HTTP/1.1",
                           "GET * HTTP/1.1",
                           "GET x:80 HTTP/1.1",
                           "GET ftp://x/ HTTP/1.1",
                           "GET /\r HTTP/1.1"}) {
    INFO(line);
    CHECK(outcome(std::string(line) + "\r\n" + host + "\r\n").substr(0, 4) == "400 ");
  }
  for (const char* version : {"HTTP/2.0", "HTTP/1.2", "HTTP/0.9", "HTTP/1.10", "HTTP/"}) {
    CHECK(outcome("GET / " + std::string(version) + "\r\n" + host + "\r\n") == "505 request.unknown_version");
  }
}

TEST_CASE("an absolute target is read as the path behind its authority") {
  CHECK(outcome("GET http://x:80/a/b?c HTTP/1.1\r\n" + host + "\r\n") == "GET /a/b?c 0");
  CHECK(outcome("GET HTTP://x HTTP/1.1\r\n" + host + "\r\n") == "GET / 0");
  CHECK(outcome("GET http://x?c HTTP/1.1\r\n" + host + "\r\n") == "GET /?c 0");
}

TEST_CASE("a target of 8 KiB is read, a longer one is 414") {
  CHECK(outcome("GET /" + std::string(8191, 'a') + " HTTP/1.1\r\n" + host + "\r\n").substr(0, 4) == "GET ");
  CHECK(outcome("GET /" + std::string(8192, 'a') + " HTTP/1.1\r\n" + host + "\r\n") == "414 request.target_too_long");
  CHECK(outcome("GET /?" + std::string(8192, 'a') + " HTTP/1.1\r\n" + host + "\r\n") == "414 request.target_too_long");
}

TEST_CASE("a field is a token, a colon at once, and a value on the same line without control characters") {
  for (const std::string& field :
       {std::string("NoColon"), std::string(": value"), std::string("Name : value"), std::string(" Folded: value"),
        std::string("\tfolded"), std::string("A: b\r\n continued"), std::string("A: b\x01"), std::string("A: b\x7f"),
        std::string("A: b\0c", 6), std::string("A: b\rc"), std::string("A\0: b", 5), std::string("Na\xC3\xA9: b")}) {
    INFO(field);
    CHECK(outcome(get(field + "\r\n")) == "400 request.bad_header");
  }
  CHECK(outcome(get("A: \xC3\xA9\tb\r\n")) == "GET /a 0");
}

TEST_CASE("a hundred fields are read, one more is 431") {
  std::string fields;
  for (int i = 0; i < 99; ++i) fields += "A: b\r\n";
  CHECK(outcome(get(fields)) == "GET /a 0");
  CHECK(outcome(get(fields + "A: b\r\n")) == "431 request.too_many_headers");
}

TEST_CASE("HTTP/1.1 needs one Host, HTTP/1.0 may have one, two, or one that is no host, are refused") {
  CHECK(outcome("GET / HTTP/1.1\r\n\r\n") == "400 request.bad_host");
  CHECK(outcome("GET / HTTP/1.0\r\n\r\n") == "GET / 0");
  CHECK(outcome("GET / HTTP/1.0\r\n" + host + host + "\r\n") == "400 request.bad_host");
  CHECK(outcome(get(host)) == "400 request.bad_host");
  CHECK(outcome(get("host: y\r\n")) == "400 request.bad_host");
  for (const char* bad : {"a b", "user@x", "x/y", "a,b", "x?y"}) {
    CHECK(outcome("GET / HTTP/1.1\r\nHost: " + std::string(bad) + "\r\n\r\n") == "400 request.bad_host");
  }
  CHECK(outcome("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n") == "GET / 0");
  CHECK(outcome("GET / HTTP/1.1\r\nHost:\r\n\r\n") == "GET / 0");
}

TEST_CASE("a body's length is one decimal number, and nothing that two readers could take differently") {
  CHECK(outcome(post("Content-Length: 0\r\n")) == "POST /a 0");
  CHECK(outcome(post("Content-Length: 0012\r\n")) == "POST /a 12");
  for (const char* length :
       {"", "-1", "+5", "5x", "x", "5 5", "5, 5", "5,5", "0x5", "1e3", "5.0", "99999999999999999999999", "\"5\""}) {
    INFO(length);
    CHECK(outcome(post("Content-Length: " + std::string(length) + "\r\n")) == "400 request.bad_length");
  }
  CHECK(outcome(post("Content-Length: 5\r\nContent-Length: 6\r\n")) == "400 request.bad_length");
  CHECK(outcome(post("Content-Length: 5\r\ncontent-length: 5\r\n")) == "400 request.bad_length");
  CHECK(outcome(post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n")) == "400 request.bad_length");
  CHECK(outcome(post("Transfer-Encoding: chunked\r\n")) == "411 request.length_required");
  CHECK(outcome(post("Transfer-Encoding: identity\r\n")) == "411 request.length_required");
  CHECK(outcome(get("Transfer-Encoding: chunked\r\n")) == "411 request.length_required");
  CHECK(outcome("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == "411 request.length_required");
  CHECK(outcome(post("")) == "411 request.length_required");
  CHECK(outcome("PATCH / HTTP/1.1\r\n" + host + "\r\n") == "411 request.length_required");
  CHECK(outcome("DELETE / HTTP/1.1\r\n" + host + "\r\n") == "DELETE / 0");
}

TEST_CASE("a body of a mebibyte is awaited, a longer one is 413 before it is sent") {
  CHECK(outcome(post("Content-Length: 1048576\r\n")) == "POST /a 1048576");
  CHECK(outcome(post("Content-Length: 1048577\r\n")) == "413 request.too_large");
  CHECK(outcome(post("Content-Length: 1048577\r\nExpect: 100-continue\r\n")) == "413 request.too_large");
}

TEST_CASE("a connection stays open as its version and its Connection field say") {
  CHECK(parsed(get("")).keep_alive);
  CHECK(parsed(get("Connection: keep-alive\r\n")).keep_alive);
  CHECK_FALSE(parsed(get("Connection: close\r\n")).keep_alive);
  CHECK_FALSE(parsed(get("Connection: TE , Close\r\n")).keep_alive);
  CHECK_FALSE(parsed(get("Connection: TE\r\nConnection: close\r\n")).keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive);
  CHECK(parsed("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").keep_alive);
}

TEST_CASE("the one expectation is 100-continue, HTTP/1.0 has none") {
  CHECK(parsed(post("Content-Length: 1\r\nExpect: 100-Continue\r\n")).expects_continue);
  CHECK(outcome(post("Content-Length: 1\r\nExpect: coffee\r\n")) == "417 request.bad_expectation");
  CHECK_FALSE(parsed("POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST_CASE("20,000 mutations of heads crash nothing, and each is understood or refused with a status of its own") {
  SeededRandom random(9112);
  const std::vector<std::string> heads{
      "GET /orders/7?x=%20 HTTP/1.1\r\nHost: localhost:8080\r\nAccept: */*\r\nIf-None-Match: \"v1\"\r\n\r\n",
      "POST /orders HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n",
      "GET http://x/ HTTP/1.0\r\nConnection: close, keep-alive\r\n\r\n"};
  const std::vector<std::string> splinters{"\r\n",
                                           "\n",
                                           "\r",
                                           " ",
                                           "\t",
                                           ":",
                                           std::string(1, '\0'),
                                           "\xFF",
                                           "Content-Length: 5\r\n",
                                           "Transfer-Encoding: chunked\r\n",
                                           "Host: y\r\n",
                                           "\r\n\r\n",
                                           "HTTP/1.1",
                                           "99999999999999999999"};
  int understood = 0;
  int refused = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string bytes = heads[random.below(heads.size())];
    for (std::uint64_t changes = 1 + random.below(2); changes > 0; --changes) {
      const std::size_t at = random.below(bytes.size() + 1);
      switch (random.below(3)) {
        case 0: bytes.insert(at, splinters[random.below(splinters.size())]); break;
        case 1: bytes.erase(at, 1 + random.below(5)); break;
        default:
          if (at < bytes.size()) bytes[at] = static_cast<char>(random.below(256));
      }
    }
    INFO(bytes);
    if (const auto head = http::parse_head(bytes, {})) {
      ++understood;
      REQUIRE(head->request.path.starts_with('/'));
      REQUIRE(head->request.headers.count("Content-Length") <= 1);
      REQUIRE_FALSE(head->request.headers.has("Transfer-Encoding"));
      for (const auto& [name, value] : head->request.headers.fields())
        REQUIRE((http::is_token(name) && !http::has_control_character(value)));
    } else {
      ++refused;
      REQUIRE((head.error().status == 505 || (head.error().status >= 400 && head.error().status < 500)));
      REQUIRE(head.error().code.starts_with("request."));
    }
  }
  CHECK(understood > 2000);
  CHECK(refused > 2000);
}
