#include "http/response_reader.hpp"

#include "support/catch.hpp"

using namespace seamline;
using http::ResponseReader;
using State = ResponseReader::State;

namespace {

const http::HeadLimits limits{.max_head_bytes = 256, .max_header_fields = 4, .max_body_bytes = 64};

/// What is read of the bytes, all at once or one by one: `<status> <body>`, or `unfinished`, or `broken`.
std::string read_pieces(std::string_view bytes, bool one_by_one, bool ends, bool answers_head = false) {
  ResponseReader reader(limits);
  reader.begin(answers_head);
  auto state = State::unfinished;
  while (!bytes.empty() && state == State::unfinished) {
    const std::size_t count = one_by_one ? 1 : bytes.size();
    state = reader.append(bytes.substr(0, count));
    bytes.remove_prefix(count);
  }
  if (ends) state = reader.end_of_stream();
  if (state == State::unfinished) return "unfinished";
  if (state == State::broken) return reader.fault().empty() ? "broken without a reason" : "broken";
  return std::to_string(reader.response().status) + " " + reader.response().body;
}

/// The same however the bytes arrive.
std::string read(std::string_view bytes, bool ends = false) {
  std::string at_once = read_pieces(bytes, false, ends);
  CHECK(at_once == read_pieces(bytes, true, ends));
  return at_once;
}

}  // namespace

TEST_CASE("an answer is read by its length, by its chunks, or to the end of its connection") {
  CHECK(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") == "200 hello");
  CHECK(read("HTTP/1.1 201\r\ncontent-length:0\r\n\r\n") == "201 ");
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;a=\"b\"\r\nlo\r\n0\r\n\r\n") == "200 hello");
  CHECK(read("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\nA \r\n0123456789\r\n0\r\nSum: 1\r\n\r\n") == "200 0123456789");
  CHECK(read("HTTP/1.0 200 OK\r\n\r\nhello", true) == "200 hello");
  CHECK(read("HTTP/1.1 200 OK\r\n\r\nhello", false) == "unfinished");
}

TEST_CASE("answers without a body end with their head") {
  CHECK(read("HTTP/1.1 204 No Content\r\n\r\n") == "204 ");
  CHECK(read("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n") == "304 ");
  CHECK(read_pieces("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false, false, true) == "200 ");
}

TEST_CASE("interim answers are passed over, a few of them") {
  const std::string interim = "HTTP/1.1 100 Continue\r\n\r\n";
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  CHECK(read(interim + answer) == "200 ok");
  CHECK(read("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + interim + answer) == "200 ok");
  std::string many;
  for (int i = 0; i < 9; ++i) many += interim;
  CHECK(read(many + answer) == "broken");
  CHECK(read("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + answer) == "broken");
}

TEST_CASE("an answer that is cut short is broken, wherever it was cut") {
  for (const std::string whole :
       {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\nA: b\r\n\r\n"}) {
    for (std::size_t size = 1; size < whole.size(); ++size) {
      INFO(whole.substr(0, size));
      CHECK(read(whole.substr(0, size)) == "unfinished");
      CHECK(read(whole.substr(0, size), true) == "broken");
    }
  }
}

TEST_CASE("what is no answer is refused") {
  for (const std::string& bytes :
       {std::string("SSH-2.0-OpenSSH_9.2\r\n"), std::string("\r\n"), std::string("HTTP/2 200\r\n\r\n"),
        std::string("HTTP/1.2 200 OK\r\n\r\n"), std::string("HTTP/1.1 2000 OK\r\n\r\n"), std::string("HTTP/1.1 20 OK\r\n\r\n"),
        std::string("HTTP/1.1 099 OK\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\na"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999999\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nName : value\r\n\r\n"), std::string("HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n")}) {
    INFO(bytes);
    CHECK(read(bytes) == "broken");
  }
}

TEST_CASE("chunks that do not fit together are refused") {
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (const std::string& chunks : {std::string("x\r\n"), std::string("\r\n"), std::string("-1\r\n"), std::string("0x1\r\na\r\n"),
                                    std::string("1\r\nab\r\n0\r\n\r\n"), std::string("ffffffffffffffffff\r\n"),
                                    std::string(257, '0'), "1;" + std::string(256, 'e') + "\r\n"}) {
    INFO(chunks);
    CHECK(read(head + chunks) == "broken");
  }
}

TEST_CASE("every part of an answer has a limit") {
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  CHECK(read(ok + "A: " + std::string(300, 'a')) == "broken");
  CHECK(read(ok + "A: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\nA: 1\r\n\r\n") == "broken");
  CHECK(read(ok + "Content-Length: 64\r\n\r\n" + std::string(64, 'x')) == "200 " + std::string(64, 'x'));
  CHECK(read(ok + "Content-Length: 65\r\n\r\n") == "broken");
  CHECK(read(ok + "\r\n" + std::string(65, 'x')) == "broken");
  const std::string chunked = ok + "Transfer-Encoding: chunked\r\n\r\n";
  CHECK(read(chunked + "40\r\n" + std::string(64, 'x') + "\r\n0\r\n\r\n") == "200 " + std::string(64, 'x'));
  CHECK(read(chunked + "40\r\n" + std::string(64, 'x') + "\r\n1\r\n") == "broken");
  CHECK(read(chunked + "0\r\nA: " + std::string(300, 'a')) == "broken");
}

TEST_CASE("a connection is kept only after an answer that says so and that nothing follows") {
  const auto keeps = [](std::string_view bytes) {
    ResponseReader reader(limits);
    reader.begin();
    CHECK(reader.append(bytes) == State::finished);
    return reader.keeps_alive();
  };
  const std::string body = "Content-Length: 2\r\n\r\nok";
  CHECK(keeps("HTTP/1.1 200 OK\r\n" + body));
  CHECK(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n" + body));
  CHECK_FALSE(keeps("HTTP/1.0 200 OK\r\n" + body));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: close\r\n" + body));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\n" + body + "HTTP/1.1 200 OK\r\n"));
  CHECK_FALSE(keeps("HTTP/1.1 200 OK\r\n" + body + "\n"));
}
