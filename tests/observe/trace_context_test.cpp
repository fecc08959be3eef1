#include "observe/trace_context.hpp"

#include "support/catch.hpp"

using namespace seamline;
using observe::TraceContext;

namespace {

const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

std::string with(std::size_t at, const std::string& text) { return std::string(good).replace(at, text.size(), text); }

}  // namespace

TEST_CASE("a traceparent that is valid is read, and written as it was") {
  const auto context = TraceContext::parse(good);
  REQUIRE(context);
  CHECK(observe::hex_of(context->trace_id) == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(observe::hex_of(context->span_id) == "00f067aa0ba902b7");
  CHECK(context->is_sampled());
  CHECK(context->text() == good);
  CHECK_FALSE(TraceContext::parse(with(53, "00"))->is_sampled());
}

TEST_CASE("flags that are not known are left out") {
  CHECK(TraceContext::parse(with(53, "ff"))->text() == with(53, "03"));
  CHECK(TraceContext::parse(with(53, "fc"))->text() == with(53, "00"));
}

TEST_CASE("a later version is read as far as it is known") {
  for (const std::string& later :
       {with(0, "01"), with(0, "fe"), with(0, "01") + "-", with(0, "cc") + "-what-the-future-will-be"}) {
    INFO(later);
    REQUIRE(TraceContext::parse(later));
    CHECK(TraceContext::parse(later)->text() == good);
  }
}

TEST_CASE("a traceparent that is invalid is no traceparent") {
  const std::vector<std::string> hostile{"",
                                         "0",
                                         "00",
                                         "00-",
                                         good.substr(1),
                                         good.substr(0, 54),
                                         good + "0",
                                         good + "-",
                                         good + "-00",
                                         " " + good.substr(1),
                                         with(0, "ff"),
                                         with(0, "0x"),
                                         with(0, "0g"),
                                         with(0, "-0"),
                                         with(0, "01") + "0",
                                         with(0, "01") + ".x",
                                         with(2, "_"),
                                         with(35, " "),
                                         with(52, "0"),
                                         with(3, std::string(32, '0')),
                                         with(36, std::string(16, '0')),
                                         with(3, "4BF9"),
                                         with(36, "00F0"),
                                         with(53, "0G"),
                                         with(53, "+1"),
                                         with(53, " 1"),
                                         with(10, std::string(1, '\0')),
                                         with(10, "\xC3\xA4"),
                                         with(10, "\n"),
                                         std::string(55, '0'),
                                         std::string(55, '-'),
                                         std::string(1 << 20, 'a')};
  for (const std::string& text : hostile) {
    INFO(text.substr(0, 80));
    CHECK_FALSE(TraceContext::parse(text));
  }
}

TEST_CASE("the look at the sampled flag agrees with reading it") {
  for (int flags = 0; flags < 256; ++flags) {
    static constexpr char digits[] = "0123456789abcdef";
    const std::string text = with(53, {digits[flags >> 4], digits[flags & 15]});
    CHECK(observe::is_sampled(text) == TraceContext::parse(text)->is_sampled());
  }
  CHECK_FALSE(observe::is_sampled(""));
  CHECK_FALSE(observe::is_sampled(good + "1"));
}

TEST_CASE("a tracestate keeps its members in their order, over all its fields") {
  CHECK(observe::join_tracestate({}).empty());
  CHECK(observe::join_tracestate({"rojo=00f067aa0ba902b7"}) == "rojo=00f067aa0ba902b7");
  CHECK(observe::join_tracestate({"a=1, b=2\t,,", "", "t@v/x*y-z_=3"}) == "a=1,b=2,t@v/x*y-z_=3");
  std::string many = "k0=v";
  for (int i = 1; i < 32; ++i) many += ",k" + std::to_string(i) + "=v";
  CHECK(observe::join_tracestate({many}) == many);
  CHECK(observe::join_tracestate({many, "one-more=v"}).empty());
}

TEST_CASE("a tracestate that is invalid is no tracestate") {
  for (const std::string& bad :
       {std::string("a"), std::string("=1"), std::string("a="), std::string("A=1"), std::string("a=1,a=2"), std::string("a=b=c"),
        std::string("a b=1"), std::string("-a=1"), std::string("a=\x01"), std::string("a=\xC3\xA4"), std::string(257, 'a') + "=1",
        "a=" + std::string(257, 'v')}) {
    INFO(bad);
    CHECK(observe::join_tracestate({"ok=1", bad}).empty());
  }
}

TEST_CASE("a tracestate that is too long loses long members first, and then those at its end") {
  const std::string long_member = "long=" + std::string(200, 'x');
  std::string rest = "a=1";
  for (int i = 0; i < 30; ++i) rest += ",k" + std::to_string(100 + i) + "=" + std::string(8, 'y');
  CHECK(observe::join_tracestate({long_member + "," + rest}) == rest);
  std::string too_many_bytes = "a=" + std::string(100, '1');
  for (int i = 0; i < 8; ++i) too_many_bytes += ",k" + std::to_string(i) + "=" + std::string(100, '2');
  const std::string kept = observe::join_tracestate({too_many_bytes});
  CHECK(kept.size() <= 512);
  CHECK(kept.size() > 400);
  CHECK(too_many_bytes.starts_with(kept));
}
