#pragma once

// Catch2 2.13 (Debian 12) and 3.7 (Debian 13), with rapidcheck's properties. Only what both versions have alike is used:
// TEST_CASE, SECTION, CHECK, REQUIRE, INFO, and rc::prop.
#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>
#else
#include <catch2/catch.hpp>
#endif
#include <rapidcheck/catch.h>
