#include "base/fault.hpp"

#include <string>
#include <vector>

#include "support/catch.hpp"

#ifdef SEAMLINE_FAULTS
using namespace seamline;

namespace {

/// Gives back what a test has set, however it ends.
struct Restored {
  ~Restored() {
    fault::observe_crash_points({});
    fault::make_mistakes({});
    fault::observe_stop({});
  }
};

std::vector<bool> occasions(const char* mistake, int count) {
  std::vector<bool> made;
  for (int i = 0; i < count; ++i) made.push_back(SEAMLINE_MISTAKE(mistake));
  return made;
}

}  // namespace

TEST_CASE("Nothing is watched and no mistake is made that nobody asked for") {
  const Restored restored;
  CHECK_FALSE(fault::is_watched());
  CHECK_FALSE(fault::makes_mistakes());
  CHECK_FALSE(SEAMLINE_MISTAKE("any"));
  SEAMLINE_CRASH_POINT("order", "any");
}

TEST_CASE("An observer hears of every crash point with its scope, until it is taken back") {
  const Restored restored;
  std::vector<std::string> heard;
  fault::observe_crash_points(
      [&](std::string_view scope, std::string_view point) { heard.push_back(std::string(scope) + "/" + std::string(point)); });
  CHECK(fault::is_watched());
  const std::string module = "payment";
  SEAMLINE_CRASH_POINT(module, "before-commit");
  SEAMLINE_CRASH_POINT("", "mid-reply");
  SEAMLINE_CRASH_POINT(module, "before-commit");
  CHECK(heard == std::vector<std::string>{"payment/before-commit", "/mid-reply", "payment/before-commit"});
  fault::observe_crash_points({});
  CHECK_FALSE(fault::is_watched());
  SEAMLINE_CRASH_POINT(module, "before-commit");
  CHECK(heard.size() == 3);
}

TEST_CASE("An observer that throws leaves the crash point as an exception") {
  const Restored restored;
  struct Died {};
  fault::observe_crash_points([](std::string_view, std::string_view) { throw Died{}; });
  const auto reach = [] { SEAMLINE_CRASH_POINT("order", "before-commit"); };
  CHECK_THROWS_AS(reach(), Died);
}

TEST_CASE("A mistake is made on each occasion, or on every n-th") {
  const Restored restored;
  fault::make_mistakes("always,third:3");
  CHECK(fault::makes_mistakes());
  CHECK(occasions("always", 3) == std::vector<bool>{true, true, true});
  CHECK(occasions("third", 7) == std::vector<bool>{false, false, true, false, false, true, false});
  CHECK(occasions("other", 2) == std::vector<bool>{false, false});
}

TEST_CASE("Mistakes that are set anew replace those before, with new counts") {
  const Restored restored;
  fault::make_mistakes("second:2");
  CHECK(occasions("second", 1) == std::vector<bool>{false});
  fault::make_mistakes("second:2,third:3");
  CHECK(occasions("second", 2) == std::vector<bool>{false, true});
  fault::make_mistakes("");
  CHECK_FALSE(fault::makes_mistakes());
  CHECK(occasions("third", 3) == std::vector<bool>{false, false, false});
}

TEST_CASE("A list of mistakes is read leniently: empty items, and a count that is none") {
  const Restored restored;
  fault::make_mistakes(",a:0,,b:x,c:-2,");
  CHECK(occasions("a", 2) == std::vector<bool>{true, true});
  CHECK(occasions("b", 2) == std::vector<bool>{true, true});
  CHECK(occasions("c", 2) == std::vector<bool>{true, true});
  CHECK(occasions("", 1) == std::vector<bool>{false});
}

TEST_CASE("A process that stops says so to its observer") {
  const Restored restored;
  std::string heard;
  fault::stopping("nobody listens");
  fault::observe_stop([&](const char* what_happened) { heard = what_happened; });
  fault::stopping("the disk is full");
  CHECK(heard == "the disk is full");
}
#endif
