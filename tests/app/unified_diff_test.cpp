#include "unified_diff.hpp"

#include "support/catch.hpp"

using seamline::app::unified_diff;

TEST_CASE("two equal texts have no difference") { CHECK(unified_diff("f", "a\nb\n", "a\nb\n").empty()); }

TEST_CASE("a changed line is shown with three lines around it") {
  CHECK(unified_diff("f", "1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n") ==
        "--- f\n+++ f\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
}

TEST_CASE("an added line is shown at the beginning, in the middle and at the end") {
  CHECK(unified_diff("f", "a\n", "x\na\n") == "--- f\n+++ f\n@@ -1 +1,2 @@\n+x\n a\n");
  CHECK(unified_diff("f", "a\nb\n", "a\nx\nb\n") == "--- f\n+++ f\n@@ -1,2 +1,3 @@\n a\n+x\n b\n");
  CHECK(unified_diff("f", "a\n", "a\nx\n") == "--- f\n+++ f\n@@ -1 +1,2 @@\n a\n+x\n");
  CHECK(unified_diff("f", "", "x\n") == "--- f\n+++ f\n@@ -0,0 +1 @@\n+x\n");
}

TEST_CASE("what stays between two changes is shown as it is") {
  CHECK(unified_diff("f", "a\nb\nc\n", "A\nb\nC\n") == "--- f\n+++ f\n@@ -1,3 +1,3 @@\n-a\n+A\n b\n-c\n+C\n");
}

TEST_CASE("a line feed that is missing at the end is said, as diff says it") {
  CHECK(unified_diff("f", "a", "b") ==
        "--- f\n+++ f\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n");
}
