#include "config/layers.hpp"

#include <array>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"

using namespace seamline;

namespace {

struct ServerSection {
  std::string address = "127.0.0.1:80";
  std::int64_t max_connections = 128;
  bool verbose = false;
  static constexpr std::tuple fields{Field{"address", &ServerSection::address, "Where."},
                                     Field{"max_connections", &ServerSection::max_connections, "How many.", range(1, 1000)},
                                     Field{"verbose", &ServerSection::verbose, "Whether."}};
};
struct Sample {
  std::string data_dir = "data";
  ServerSection server;
  static constexpr std::tuple fields{Field{"data_dir", &Sample::data_dir, "Where."},
                                     Field{"server", &Sample::server, "The server."}};
};

config::Layers layers() { return config::Layers(config::keys_of<Sample>()); }

using Variables = std::vector<std::pair<std::string, std::string>>;
constexpr std::array<std::string_view, 1> other_variables{"SHOP_PASSWORD"};

}  // namespace

TEST_CASE("without any layer every key has its default") {
  const Sample sample = config::read<Sample>(layers()).value();
  CHECK(sample.data_dir == "data");
  CHECK(sample.server.max_connections == 128);
}

TEST_CASE("a file sets what it names and leaves the rest, and may hold comments and a $schema") {
  auto set = layers();
  REQUIRE(set.add_text("f.json", "{ \"$schema\": \"x\", // why\n \"server\": { \"max_connections\": 7 } }"));
  const Sample sample = config::read<Sample>(set).value();
  CHECK(sample.server.max_connections == 7);
  CHECK(sample.server.address == "127.0.0.1:80");
}

TEST_CASE("a flag beats the environment, which beats the file") {
  auto set = layers();
  REQUIRE(set.add_text("f.json", R"({"data_dir":"file","server":{"address":"file:1","max_connections":1}})"));
  REQUIRE(
      set.add_environment(Variables{{"SHOP_SERVER__ADDRESS", "env:1"}, {"SHOP_SERVER__MAX_CONNECTIONS", "2"}, {"PATH", "/bin"}},
                          "SHOP_", other_variables));
  REQUIRE(set.set("server.max_connections", "3", "--set"));
  const Sample sample = config::read<Sample>(set).value();
  CHECK(sample.data_dir == "file");
  CHECK(sample.server.address == "env:1");
  CHECK(sample.server.max_connections == 3);
}

TEST_CASE("every value knows where it was set") {
  auto set = layers();
  REQUIRE(set.add_text("f.json", "{\n  \"data_dir\": \"x\",\n  \"server\": {\n    \"verbose\": true\n  }\n}"));
  REQUIRE(set.set("server.address", "h:1", "--set"));
  CHECK(set.origin_of("data_dir") == "f.json:2");
  CHECK(set.origin_of("server.verbose") == "f.json:4");
  CHECK(set.origin_of("server.address") == "--set");
  CHECK(set.origin_of("server.max_connections") == "default");
}

TEST_CASE("an unknown key is refused with its file, its line and the nearest key") {
  auto set = layers();
  const auto added = set.add_text("f.json", "{\n  \"server\": {\n    \"max_conections\": 7 }}");
  REQUIRE(!added);
  CHECK(added.error().code == "config.unknown_key");
  CHECK(added.error().detail == "f.json:3: there is no key \"server.max_conections\". Did you mean \"server.max_connections\"?");
}

TEST_CASE("a key like no other is refused with the keys that there are") {
  auto set = layers();
  const auto added = set.add_text("f.json", "{\"colour\": 1}");
  REQUIRE(!added);
  CHECK(added.error().detail == "f.json:1: there is no key \"colour\". Here are: data_dir server.");
}

TEST_CASE("a value of the wrong type or out of its range is refused with its place") {
  auto wrong_type = layers();
  REQUIRE(wrong_type.add_text("f.json", "{\n\"data_dir\": 5}"));
  const auto read = config::read<Sample>(wrong_type);
  REQUIRE(!read);
  CHECK(read.error().detail == "f.json:2: data_dir must be a string, and is an integer.");

  auto out_of_range = layers();
  REQUIRE(out_of_range.add_text("f.json", "{\"server\": {\"max_connections\": 0}}"));
  CHECK(config::read<Sample>(out_of_range).error().detail == "f.json:1: server.max_connections must be from 1 to 1000.");
}

TEST_CASE("a section given as a value is refused") {
  auto set = layers();
  REQUIRE(set.add_text("f.json", "{\"server\": 5}"));
  CHECK(config::read<Sample>(set).error().detail == "f.json:1: server must be an object, and is an integer.");
}

TEST_CASE("a variable that is no key is refused, unless it is known to be something else") {
  auto set = layers();
  CHECK(set.add_environment(Variables{{"SHOP_PASSWORD", "secret"}}, "SHOP_", other_variables));
  const auto added = set.add_environment(Variables{{"SHOP_SERVER__ADRESS", "x"}}, "SHOP_", other_variables);
  REQUIRE(!added);
  CHECK(added.error().detail ==
        "environment SHOP_SERVER__ADRESS: there is no key \"server.adress\". Did you mean \"server.address\"?");
}

TEST_CASE("text for a number, a truth or a section is refused") {
  auto set = layers();
  CHECK(set.set("server.max_connections", "7x", "--set").error().detail == "--set: server.max_connections must be an integer.");
  CHECK(set.set("server.verbose", "yes", "--set").error().detail == "--set: server.verbose must be true or false.");
  CHECK(set.set("server", "yes", "--set").error().detail == "--set: server is a section; name one of its keys.");
  CHECK(set.set("data_dir", "123", "--set").has_value());
  CHECK(config::read<Sample>(set).value().data_dir == "123");
}

TEST_CASE("a file that is missing, is no JSON or names a key twice is refused") {
  const test::TemporaryFolder folder;
  auto set = layers();
  CHECK(set.add_file(folder.path() / "none.json").error().code == "config.unreadable");
  CHECK(set.add_text("f.json", "{\"data_dir\": ").error().code == "config.unreadable");
  CHECK(set.add_text("f.json", R"({"data_dir":"a","data_dir":"b"})").error().code == "config.unreadable");
}
