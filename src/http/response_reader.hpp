#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "http/head.hpp"

namespace seamline::http {

/// Reads answers out of the bytes of one connection as they come, strictly and within limits (RFC 9112, sections 4 to 7): bodies
/// with a Content-Length, chunked ones, and those that end with the connection. It knows no socket and never waits; the time that
/// an answer may take is its owner's business. Not thread-safe.
class ResponseReader {
 public:
  enum class State : std::uint8_t {
    unfinished,
    finished,
    broken,  // no answer can be read from this connection any more
  };

  /// `limits` are for each answer; that of the body counts what is left of it without its framing.
  explicit ResponseReader(const HeadLimits& limits) : limits_(limits) {}

  /// Forgets all that came, and waits for the next answer. `answers_head`: the request is a HEAD, whose answer has no body.
  void begin(bool answers_head = false);
  /// Takes what has arrived. Bytes behind a whole answer belong to nobody, and end the connection's use.
  State append(std::string_view bytes);
  /// The other side has said all that it will.
  State end_of_stream();

  /// Whether anything of the answer has come.
  bool has_begun() const { return has_begun_; }
  /// The answer, once it is finished.
  Response& response() { return head_.response; }
  /// Whether the connection may carry another request, once the answer is finished.
  bool keeps_alive() const { return state_ == State::finished && head_.keep_alive && !has_surplus_; }
  /// What is wrong with a broken answer, as the rest of a sentence.
  const std::string& fault() const { return fault_; }

 private:
  enum class Stage : std::uint8_t { head, counted, chunk_size, chunk, chunk_end, trailer, until_close };

  /// Takes one piece off what has come. Returns false while more bytes are needed for it.
  bool step();
  bool read_head();
  bool read_data(Stage next);
  bool read_chunk_size();
  bool read_chunk_end();
  bool read_trailer();
  bool read_until_close();
  bool finish();
  bool refuse(std::string fault);
  std::string_view unread() const { return std::string_view(buffer_).substr(taken_); }
  std::string& body() { return head_.response.body; }

  const HeadLimits limits_;
  std::string buffer_;
  /// How much of the buffer has been read.
  std::size_t taken_ = 0;
  ResponseHead head_;
  State state_ = State::unfinished;
  Stage stage_ = Stage::head;
  bool answers_head_ = false;
  bool has_begun_ = false;
  bool has_surplus_ = false;
  int interim_answers_ = 0;
  /// Of the body, or of the chunk at hand, are still to come.
  std::size_t missing_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string fault_;
};

}  // namespace seamline::http
