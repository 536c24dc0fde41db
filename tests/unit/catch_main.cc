// The main function of the unit tests where Catch2 brings none (2.13).
#define CATCH_CONFIG_MAIN
#include <catch2/catch.hpp>
