#include "exporter/trend/siblings.h"

#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

constexpr double kHour = 3600;
constexpr double kSlot = 60;

std::optional<double> Correlation(const std::vector<Sibling>& siblings) {
  return AgeSizeCorrelation(siblings, kSlot);
}

}  // namespace

TEST_CASE("the older the larger, the older the smaller, and neither") {
  CHECK(Correlation({{1 * kHour, 10}, {2 * kHour, 20}, {3 * kHour, 30}, {4 * kHour, 40}}) == 1.0);
  CHECK(Correlation({{4 * kHour, 10}, {3 * kHour, 20}, {2 * kHour, 30}, {1 * kHour, 40}}) == -1.0);
  // Of six pairs four are in order and two are not.
  CHECK(Correlation({{1 * kHour, 20}, {2 * kHour, 10}, {3 * kHour, 40}, {4 * kHour, 30}}).value() ==
        Approx(2.0 / 6));
}

TEST_CASE("instances that hold about the same say that age does not matter") {
  CHECK(Correlation({{1 * kHour, 1000}, {2 * kHour, 1001}, {3 * kHour, 1002}, {4 * kHour, 1003}}) ==
        0.0);
}

TEST_CASE("instances that were started together are not older than each other") {
  // A pool: the first of them has most of the work.
  CHECK_FALSE(Correlation({{1000.04, 90}, {1000.03, 70}, {1000.02, 50}, {1000.01, 40}}));
  // Two generations are of two ages, however many they are.
  const auto two = Correlation({{8000, 90}, {8001, 91}, {100, 40}, {101, 41}});
  CHECK_FALSE(two);
}

TEST_CASE("three are too few") {
  CHECK_FALSE(Correlation({{1 * kHour, 10}, {2 * kHour, 20}, {3 * kHour, 30}}));
  CHECK_FALSE(Correlation({}));
}

}  // namespace memleak
