#include "http/response_reader.hpp"

#include <algorithm>
#include <charconv>

namespace seamline::http {
namespace {

/// More answers of the kind `100 Continue` than this before the answer itself are no courtesy.
constexpr int max_interim_answers = 8;
/// A chunk's size with its extensions, which nobody uses.
constexpr std::size_t max_chunk_line_bytes = 256;

}  // namespace

void ResponseReader::begin(bool answers_head) {
  buffer_.clear();
  taken_ = 0;
  head_ = {};
  state_ = State::unfinished;
  stage_ = Stage::head;
  answers_head_ = answers_head;
  has_begun_ = has_surplus_ = false;
  interim_answers_ = 0;
  missing_bytes_ = trailer_bytes_ = 0;
  fault_.clear();
}

ResponseReader::State ResponseReader::append(std::string_view bytes) {
  has_begun_ = has_begun_ || !bytes.empty();
  buffer_.append(bytes);
  while (state_ == State::unfinished && step()) {
  }
  buffer_.erase(0, taken_);
  taken_ = 0;
  has_surplus_ = state_ == State::finished && !buffer_.empty();
  return state_;
}

ResponseReader::State ResponseReader::end_of_stream() {
  if (state_ != State::unfinished) return state_;
  if (stage_ == Stage::until_close) {
    finish();
  } else {
    refuse("it is cut short");
  }
  return state_;
}

bool ResponseReader::step() {
  switch (stage_) {
    case Stage::head: return read_head();
    case Stage::counted: return read_data(Stage::counted) && finish();
    case Stage::chunk_size: return read_chunk_size();
    case Stage::chunk: return read_data(Stage::chunk_end);
    case Stage::chunk_end: return read_chunk_end();
    case Stage::trailer: return read_trailer();
    case Stage::until_close: return read_until_close();
  }
  return false;
}

bool ResponseReader::read_head() {
  constexpr std::string_view beginning = "HTTP/1.";
  const std::string_view bytes = unread();
  // What does not begin as an answer is none, however it goes on.
  if (bytes.substr(0, beginning.size()) != beginning.substr(0, std::min(bytes.size(), beginning.size()))) {
    return refuse("it does not begin with a status line of HTTP/1.1");
  }
  const auto end = bytes.find("\r\n\r\n");
  if (std::min(end, bytes.size()) > limits_.max_head_bytes) {
    return refuse("its head has more than " + std::to_string(limits_.max_head_bytes) + " bytes");
  }
  if (end == std::string_view::npos) return false;
  auto head = parse_response_head(bytes.substr(0, end + 4), limits_, answers_head_);
  if (!head) return refuse(std::move(head.error()));
  taken_ += end + 4;
  // RFC 9110, section 15.2: what comes before the answer itself may be ignored, but for a change of the protocol.
  if (head->response.status < 200) {
    if (head->response.status == 101 || ++interim_answers_ > max_interim_answers)
      return refuse("it announces what nobody asked for");
    return true;
  }
  head_ = std::move(*head);
  switch (head_.framing) {
    case ResponseHead::Framing::counted:
      if (head_.body_bytes == 0) return finish();
      body().reserve(head_.body_bytes);
      missing_bytes_ = head_.body_bytes;
      stage_ = Stage::counted;
      return true;
    case ResponseHead::Framing::chunked: stage_ = Stage::chunk_size; return true;
    case ResponseHead::Framing::until_close: stage_ = Stage::until_close; return true;
  }
  return false;
}

/// Moves what has come of the missing bytes into the body; true once none is missing.
bool ResponseReader::read_data(Stage next) {
  const std::string_view bytes = unread().substr(0, missing_bytes_);
  body().append(bytes);
  taken_ += bytes.size();
  missing_bytes_ -= bytes.size();
  if (missing_bytes_ > 0) return false;
  stage_ = next;
  return true;
}

bool ResponseReader::read_chunk_size() {
  const std::string_view bytes = unread();
  const auto end = bytes.find("\r\n");
  if (std::min(end, bytes.size()) > max_chunk_line_bytes) return refuse("the size of a chunk takes too many bytes");
  if (end == std::string_view::npos) return false;
  // Behind a semicolon stand extensions, which a reader ignores (RFC 9112, section 7.1.1).
  std::string_view digits = bytes.substr(0, std::min(end, bytes.find(';')));
  while (digits.ends_with(' ') || digits.ends_with('\t')) digits.remove_suffix(1);
  std::size_t size = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  if (digits.empty() || read.ec != std::errc() || read.ptr != digits.data() + digits.size()) {
    return refuse("the size of a chunk is no number");
  }
  if (size > limits_.max_body_bytes - body().size()) {
    return refuse("its body has more than " + std::to_string(limits_.max_body_bytes) + " bytes");
  }
  taken_ += end + 2;
  missing_bytes_ = size;
  stage_ = size == 0 ? Stage::trailer : Stage::chunk;
  return true;
}

bool ResponseReader::read_chunk_end() {
  const std::string_view bytes = unread();
  if (bytes.size() < 2) return false;
  if (!bytes.starts_with("\r\n")) return refuse("a chunk is longer than its size");
  taken_ += 2;
  stage_ = Stage::chunk_size;
  return true;
}

/// The fields behind the last chunk, which nobody needs, up to their empty line.
bool ResponseReader::read_trailer() {
  const std::string_view bytes = unread();
  const auto end = bytes.find("\r\n");
  if (trailer_bytes_ + std::min(end, bytes.size()) > limits_.max_head_bytes) {
    return refuse("its trailer has more than " + std::to_string(limits_.max_head_bytes) + " bytes");
  }
  if (end == std::string_view::npos) return false;
  taken_ += end + 2;
  trailer_bytes_ += end + 2;
  return end == 0 ? finish() : true;
}

bool ResponseReader::read_until_close() {
  const std::string_view bytes = unread();
  if (bytes.size() > limits_.max_body_bytes - body().size()) {
    return refuse("its body has more than " + std::to_string(limits_.max_body_bytes) + " bytes");
  }
  body().append(bytes);
  taken_ += bytes.size();
  return false;
}

bool ResponseReader::finish() {
  state_ = State::finished;
  return true;
}

bool ResponseReader::refuse(std::string fault) {
  state_ = State::broken;
  fault_ = std::move(fault);
  return true;
}

}  // namespace seamline::http
