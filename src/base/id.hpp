#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace seamline {

class Clock;
class Random;

/// A string literal as a template argument.
template <std::size_t N>
struct Literal {
  char text[N]{};
  // NOLINTNEXTLINE: implicit by purpose, so that Id<"user"> reads well
  constexpr Literal(const char (&literal)[N]) {
    for (std::size_t i = 0; i < N; ++i) text[i] = literal[i];
  }
  constexpr std::string_view view() const { return {text, N - 1}; }
};

/// An identifier of one kind of thing; `Id<"user">` and `Id<"order">` do not convert into each other, and `Id<"user">` is
/// the same type in whichever contract it is named. Holds any text of up to 128 bytes: ids made here are UUIDv7, product
/// ids are the shop's own, and foreign events bring theirs.
template <Literal Name>
struct Id {
  static constexpr std::string_view kind = Name.view();
  static constexpr std::size_t max_bytes = 128;

  std::string text;

  bool empty() const { return text.empty(); }
  bool operator==(const Id&) const = default;
  auto operator<=>(const Id&) const = default;
};

/// Whether the text has the form of the ids that are made here: a UUID in lower case (RFC 9562, section 4).
bool is_uuid(std::string_view text);

/// Makes UUIDv7 (RFC 9562, section 5.7): 48 bits of milliseconds, a 12-bit counter in rand_a, 62 fresh random bits.
/// Ids of one source increase strictly, so that they append to an index, and cannot be guessed. Thread-safe.
class IdSource {
 public:
  /// `clock` and `random` exist and outlive the source.
  IdSource(const Clock& clock, Random& random);

  /// The next id: 36 characters, lower case.
  std::string next();

  template <class AnId>
  AnId next_as() {
    return AnId{next()};
  }

 private:
  const Clock& clock_;
  Random& random_;
  std::mutex mutex_;
  std::int64_t last_ms_ = 0;
  std::uint32_t counter_ = 0;
};

}  // namespace seamline

template <seamline::Literal Name>
struct std::hash<seamline::Id<Name>> {
  std::size_t operator()(const seamline::Id<Name>& id) const noexcept { return std::hash<std::string>{}(id.text); }
};
