#pragma once

#include <bit>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

namespace seamline::simulation {

/// Every decision and event of a run, one line each, folded into a number that two runs have in common exactly if all their
/// lines are the same; and written to a file where somebody wants to read them.
class Trace {
 public:
  /// `file` stays the caller's; null for none.
  explicit Trace(std::FILE* file = nullptr) : file_(file) {}

  template <class... Parts>
  void line(std::int64_t at_ns, const Parts&... parts) {
    number(at_ns);
    (part(parts), ...);
    end_line();
  }
  /// Over all lines.
  std::uint64_t hash() const { return hash_; }
  std::int64_t lines() const { return lines_; }

 private:
  void part(std::string_view text) {
    add(" ");
    add(text);
  }
  void part(std::int64_t value) {
    add(" ");
    number(value);
  }
  void number(std::int64_t value) {
    char digits[24];
    const auto written = std::to_chars(digits, digits + sizeof digits, value);
    add({digits, static_cast<std::size_t>(written.ptr - digits)});
  }
  void add(std::string_view text) {
    std::string_view left = text;
    for (std::uint64_t word = 0; left.size() >= sizeof word; left.remove_prefix(sizeof word)) {
      std::memcpy(&word, left.data(), sizeof word);
      mix(word);
    }
    for (const char c : left) mix(static_cast<unsigned char>(c));
    if (file_ != nullptr) std::fwrite(text.data(), 1, text.size(), file_);
  }
  void mix(std::uint64_t word) { hash_ = std::rotl((hash_ ^ word) * 0x9E3779B97F4A7C15ULL, 29); }
  void end_line() {
    add("\n");
    ++lines_;
  }

  std::FILE* file_;
  std::uint64_t hash_ = 0xCBF29CE484222325ULL;
  std::int64_t lines_ = 0;
};

}  // namespace seamline::simulation
