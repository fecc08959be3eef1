#include "base/clock.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>

#ifdef SEAMLINE_FAULTS
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#endif

namespace seamline {
namespace {

#ifdef SEAMLINE_FAULTS
/// How far a test has set this process's calendar wrong, in milliseconds: the eight bytes of the file that SEAMLINE_CLOCK_FILE
/// names, in this machine's order, which the test may change at any moment. Null without that variable.
const std::int64_t* map_wrong_by_ms() {
  const char* file = std::getenv("SEAMLINE_CLOCK_FILE");
  if (file == nullptr) return nullptr;
  const int fd = ::open(file, O_RDONLY | O_CLOEXEC);
  void* const mapped = fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(std::int64_t), PROT_READ, MAP_SHARED, fd, 0);
  if (fd >= 0) ::close(fd);
  if (mapped == MAP_FAILED) {
    std::fprintf(stderr, "SEAMLINE_CLOCK_FILE: cannot read %s\n", file);
    std::abort();
  }
  return static_cast<const std::int64_t*>(mapped);
}

std::int64_t wrong_by_ms() {
  static const std::int64_t* const mapped = map_wrong_by_ms();
  return mapped == nullptr ? 0 : __atomic_load_n(mapped, __ATOMIC_RELAXED);
}
#else
constexpr std::int64_t wrong_by_ms() { return 0; }
#endif

class SystemClock final : public Clock {
 public:
  Timestamp now() const override {
    const auto since_epoch = std::chrono::system_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count() + wrong_by_ms()};
  }
  Instant monotonic() const override {
    const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
    return {std::chrono::duration_cast<std::chrono::nanoseconds>(since_start).count()};
  }
};

/// Reads `count` digits at `text[at]` and moves `at` behind them; negative where they are no digits.
int read_digits(std::string_view text, std::size_t& at, std::size_t count) {
  if (at + count > text.size()) return -1;
  int value = 0;
  for (const std::size_t end = at + count; at < end; ++at) {
    if (text[at] < '0' || text[at] > '9') return -1;
    value = value * 10 + (text[at] - '0');
  }
  return value;
}

bool skip(std::string_view text, std::size_t& at, std::string_view one_of) {
  if (at >= text.size() || one_of.find(text[at]) == std::string_view::npos) return false;
  ++at;
  return true;
}

}  // namespace

std::int64_t thread_cpu_ns(pthread_t thread) {
  clockid_t clock{};
  timespec used{};
  if (::pthread_getcpuclockid(thread, &clock) != 0 || ::clock_gettime(clock, &used) != 0) return 0;
  return std::int64_t{used.tv_sec} * 1'000'000'000 + used.tv_nsec;
}

Instant Instant::plus_ms(std::int64_t duration_ms) const {
  std::int64_t duration_ns = 0;
  std::int64_t later = 0;
  if (__builtin_mul_overflow(duration_ms, std::int64_t{1'000'000}, &duration_ns) ||
      __builtin_add_overflow(ns, duration_ns, &later)) {
    return never();
  }
  return {later};
}

const Clock& Clock::system() {
  static const SystemClock clock;
  return clock;
}

std::string format_timestamp(Timestamp at) {
  using namespace std::chrono;
  const sys_time<milliseconds> moment{milliseconds(at.ms)};
  const auto day = floor<days>(moment);
  const year_month_day date{day};
  const hh_mm_ss time{moment - day};
  std::array<char, 40> buffer{};
  const int length =
      std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
                    static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {buffer.data(), static_cast<std::size_t>(length)};
}

std::optional<Timestamp> parse_timestamp(std::string_view text) {
  using namespace std::chrono;
  std::size_t at = 0;
  const int y = read_digits(text, at, 4);
  const bool dash_1 = skip(text, at, "-");
  const int mo = read_digits(text, at, 2);
  const bool dash_2 = skip(text, at, "-");
  const int d = read_digits(text, at, 2);
  const bool letter_t = skip(text, at, "Tt");
  const int h = read_digits(text, at, 2);
  const bool colon_1 = skip(text, at, ":");
  const int mi = read_digits(text, at, 2);
  const bool colon_2 = skip(text, at, ":");
  const int s = read_digits(text, at, 2);
  if (!(dash_1 && dash_2 && letter_t && colon_1 && colon_2)) return std::nullopt;
  if (y < 0 || mo < 0 || d < 0 || h < 0 || h > 23 || mi < 0 || mi > 59 || s < 0 || s > 60) return std::nullopt;

  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (!date.ok()) return std::nullopt;

  int fraction_ms = 0;
  if (skip(text, at, ".")) {
    int scale = 100;
    const std::size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, scale /= 10) fraction_ms += (text[at] - '0') * scale;
    if (at == first) return std::nullopt;
  }
  int offset_minutes = 0;
  if (!skip(text, at, "Zz")) {
    if (at >= text.size()) return std::nullopt;
    const int sign = text[at] == '-' ? -1 : 1;
    if (!skip(text, at, "+-")) return std::nullopt;
    const int offset_h = read_digits(text, at, 2);
    const bool colon = skip(text, at, ":");
    const int offset_m = read_digits(text, at, 2);
    if (!colon || offset_h < 0 || offset_h > 23 || offset_m < 0 || offset_m > 59) return std::nullopt;
    offset_minutes = sign * (offset_h * 60 + offset_m);
  }
  if (at != text.size()) return std::nullopt;
  const auto moment = sys_days{date} + hours(h) + minutes(mi - offset_minutes) + seconds(s) + milliseconds(fraction_ms);
  // An offset may carry a date over the edge of the years that have four digits.
  const year shown = year_month_day{floor<days>(moment)}.year();
  if (shown < year{0} || shown > year{9999}) return std::nullopt;
  return Timestamp{duration_cast<milliseconds>(moment.time_since_epoch()).count()};
}

}  // namespace seamline
