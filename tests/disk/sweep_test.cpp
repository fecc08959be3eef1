#include <cstdio>
#include <cstdlib>
#include <map>

#include "disk/sweep.hpp"
#include "support/catch.hpp"

using namespace seamline::test;

TEST_CASE("on a disk that is well the day is survived") {
  const DayReport report = run_day({});
  for (std::size_t i = 0; i < disk_operations; ++i) {
    std::printf("%s %ld\n", std::string(name_of(static_cast<DiskOperation>(i))).c_str(), report.operations[i]);
  }
  CHECK(report.problems == "");
  CHECK(report.ending == DayEnding::survived);
  CHECK(report.answered == 15);
}
