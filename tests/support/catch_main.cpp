// Catch2 2's main, compiled once and without sanitizers: instrumented, it takes longer than all tests of a layer.
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
