#include "contract/routes.hpp"

#include "sample.hpp"
#include "support/catch.hpp"

using namespace seamline;

namespace {

OperationRoute route(Verb verb, std::string_view path) {
  return {"test", path, "", Route{verb, path}, Access::anyone, Repeat::safe, {}, {}};
}

const RouteTable& table() {
  static const RouteTable made(
      {route(Verb::get, "/"), route(Verb::get, "/orders"), route(Verb::post, "/orders"), route(Verb::get, "/orders/{id}"),
       route(Verb::get, "/orders/counts"), route(Verb::post, "/orders/drafts"), route(Verb::get, "/orders/{id}/events"),
       route(Verb::get, "/orders/counts/total"), route(Verb::del, "/a/{x}/{y}/b/{z}"), route(Verb::get, "/a/b/c/d")});
  return made;
}

/// The pattern that was found, or why none was.
std::string found(std::optional<Verb> verb, std::string_view path) {
  const auto match = table().find(verb, path);
  if (match.route != nullptr) return std::string(match.route->route.path);
  std::string verbs;
  for (const Verb other : match.other_verbs) verbs += (verbs.empty() ? "" : " ") + std::string(name_of(other));
  return verbs.empty() ? "none" : "only " + verbs;
}

}  // namespace

TEST_CASE("a literal segment beats a parameter") {
  CHECK(found(Verb::get, "/orders/counts") == "/orders/counts");
  CHECK(found(Verb::get, "/orders/7") == "/orders/{id}");
  CHECK(found(Verb::get, "/orders/countsx") == "/orders/{id}");
}

TEST_CASE("a literal that leads nowhere falls back to the parameter beside it") {
  CHECK(found(Verb::get, "/orders/counts/events") == "/orders/{id}/events");
  CHECK(found(Verb::get, "/orders/counts/total") == "/orders/counts/total");
  CHECK(found(Verb::del, "/a/b/c/b/d") == "/a/{x}/{y}/b/{z}");
  const auto match = table().find(Verb::get, "/orders/counts/events");
  REQUIRE(match.parameter_count == 1);
  CHECK(match.parameters[0] == std::pair<std::string_view, std::string_view>("id", "counts"));
}

TEST_CASE("parameters come in the order of the pattern, still encoded") {
  const auto match = table().find(Verb::del, "/a/1%2F/2/b/%C3%A9");
  REQUIRE(match.parameter_count == 3);
  CHECK(match.parameters[0] == std::pair<std::string_view, std::string_view>("x", "1%2F"));
  CHECK(match.parameters[1] == std::pair<std::string_view, std::string_view>("y", "2"));
  CHECK(match.parameters[2] == std::pair<std::string_view, std::string_view>("z", "%C3%A9"));
}

TEST_CASE("a trailing slash, an empty segment, more segments and another case are other paths") {
  CHECK(found(Verb::get, "/orders/") == "none");
  CHECK(found(Verb::get, "/orders/7/") == "none");
  CHECK(found(Verb::get, "/orders//events") == "none");
  CHECK(found(Verb::get, "//orders") == "none");
  CHECK(found(Verb::get, "/orders/7/events/8") == "none");
  CHECK(found(Verb::get, "/Orders") == "none");
  CHECK(found(Verb::get, "orders") == "none");
  CHECK(found(Verb::get, "") == "none");
  CHECK(found(Verb::get, "/a/b/c") == "none");
  CHECK(found(Verb::get, "/") == "/");
  std::string long_path;
  for (int i = 0; i < 4000; ++i) long_path += "/a";
  CHECK(found(Verb::get, long_path) == "none");
  CHECK(found(Verb::get, std::string(8000, '/')) == "none");
}

TEST_CASE("a path without the verb names the verbs that it has, so does a method that nobody has") {
  CHECK(found(Verb::del, "/orders") == "only GET POST");
  CHECK(found(Verb::post, "/orders/7") == "only GET");
  CHECK(found(std::nullopt, "/orders") == "only GET POST");
  CHECK(found(std::nullopt, "/nothing") == "none");
}

TEST_CASE("verbs have their names in both directions") {
  for (const Verb verb : {Verb::get, Verb::post, Verb::put, Verb::patch, Verb::del}) CHECK(verb_from_name(name_of(verb)) == verb);
  CHECK(name_of(Verb::del) == "DELETE");
  CHECK_FALSE(verb_from_name("get").has_value());
  CHECK_FALSE(verb_from_name("").has_value());
}

TEST_CASE("whether a member is in the path is told by its braces, not by the text around them") {
  CHECK(is_path_member("/thing/{thing}/parts", "thing"));
  CHECK(is_path_member("/{a}/{ab}", "ab"));
  CHECK(is_path_member("/{ab}/{a}", "a"));
  CHECK_FALSE(is_path_member("/thing/{thing}/parts", "parts"));
  CHECK_FALSE(is_path_member("/orders/{order_id}", "id"));
  CHECK_FALSE(is_path_member("/orders/{order_id}", "order"));
  CHECK_FALSE(is_path_member("/orders/{order_id}", ""));
  CHECK_FALSE(is_path_member("/orders", "orders"));
}
