#include "config/json_schema.hpp"

#include "support/catch.hpp"
#include "support/schema_check.hpp"

using namespace seamline;

namespace {

enum class Mode : std::uint8_t { fast, safe };

}  // namespace

template <>
inline constexpr std::array<std::string_view, 2> seamline::enum_names<Mode>{"fast", "safe"};

namespace {

struct Listener {
  std::int64_t connections = 128;
  bool verbose = false;
  static constexpr std::tuple fields{Field{"connections", &Listener::connections, "How many.", range(1, 1000)},
                                     Field{"verbose", &Listener::verbose, "Whether."}};
};
struct Sample {
  std::string folder = "data \"x\"";
  Mode mode = Mode::safe;
  std::optional<std::string> url;
  Listener listener;
  static constexpr std::tuple fields{Field{"folder", &Sample::folder, "Where.", length(1, 20)},
                                     Field{"mode", &Sample::mode, "How."}, Field{"url", &Sample::url, "Elsewhere."},
                                     Field{"listener", &Sample::listener, "The listener."}};
};

json::Value schema() { return json::parse(config::json_schema<Sample>("A sample")).value(); }

bool accepts(std::string_view text) {
  const json::Value root = schema();
  return test::SchemaCheck(root).problems(root, json::parse(text).value()).empty();
}

}  // namespace

TEST_CASE("the configuration's schema has each key's description, limits and default") {
  const json::Value root = schema();
  const test::SchemaCheck check(root);
  CHECK(check.at("/properties/listener/properties/connections/description")->text == "How many.");
  CHECK(check.at("/properties/listener/properties/connections/minimum")->integer == 1);
  CHECK(check.at("/properties/listener/properties/connections/maximum")->integer == 1000);
  CHECK(check.at("/properties/listener/properties/connections/default")->integer == 128);
  CHECK(check.at("/properties/folder/default")->text == "data \"x\"");
  CHECK(check.at("/properties/mode/default")->text == "safe");
  CHECK(check.at("/properties/url/default")->is(json::Type::null));
}

TEST_CASE("the configuration's schema accepts what the configuration accepts") {
  CHECK(accepts("{}"));
  CHECK(accepts(R"({"$schema":"./x.json","folder":"d","mode":"fast","url":null,"listener":{"connections":1000}})"));
  CHECK(accepts(encode(Sample{})));
}

TEST_CASE("the configuration's schema refuses unknown keys, wrong types and what is out of its limits") {
  CHECK(!accepts(R"({"colour":1})"));
  CHECK(!accepts(R"({"listener":{"colour":1}})"));
  CHECK(!accepts(R"({"listener":{"$schema":"x"}})"));
  CHECK(!accepts(R"({"listener":{"connections":0}})"));
  CHECK(!accepts(R"({"listener":{"verbose":"yes"}})"));
  CHECK(!accepts(R"({"folder":""})"));
  CHECK(!accepts(R"({"mode":"slow"})"));
}
