// The statistics against their definitions, written down as plainly as can be.
#include "exporter/trend/fit.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <vector>

#include "tests/catch.h"

namespace memleak {
namespace {

using Points = std::vector<Point>;

double PlainMedian(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

double PlainSlope(const Points& points) {
  std::vector<double> slopes;
  for (size_t j = 0; j < points.size(); ++j) {
    for (size_t i = 0; i < j; ++i) {
      slopes.push_back((points[j].value - points[i].value) / (points[j].time - points[i].time));
    }
  }
  return PlainMedian(slopes);
}

int Sign(double value) {
  if (value == 0) return 0;
  return value > 0 ? 1 : -1;
}

double PlainTau(const std::vector<double>& a, const std::vector<double>& b) {
  double agreeing = 0;
  double disagreeing = 0;
  double tied_in_a = 0;
  double tied_in_b = 0;
  double pairs = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      ++pairs;
      const int of_a = Sign(a[i] - a[j]);
      const int of_b = Sign(b[i] - b[j]);
      if (of_a == 0) ++tied_in_a;
      if (of_b == 0) ++tied_in_b;
      if (of_a * of_b > 0) ++agreeing;
      if (of_a * of_b < 0) ++disagreeing;
    }
  }
  return (agreeing - disagreeing) / std::sqrt((pairs - tied_in_a) * (pairs - tied_in_b));
}

Points RandomPoints(std::mt19937& random, size_t count) {
  std::uniform_real_distribution<double> gap(1, 100);
  // Few values, so that some are tied.
  std::uniform_int_distribution<int> value(0, 30);
  Points points;
  double time = 0;
  for (size_t i = 0; i < count; ++i) points.push_back({time += gap(random), 1.0 * value(random)});
  return points;
}

std::vector<double> Times(const Points& points) {
  std::vector<double> out;
  for (const Point& point : points) out.push_back(point.time);
  return out;
}

std::vector<double> Values(const Points& points) {
  std::vector<double> out;
  for (const Point& point : points) out.push_back(point.value);
  return out;
}

}  // namespace

TEST_CASE("The median of any number of values", "[trend]") {
  std::mt19937 random(1);
  for (size_t count = 1; count < 40; ++count) {
    std::vector<double> values = Values(RandomPoints(random, count));
    const double plain = PlainMedian(values);
    CHECK(MedianOf(values) == plain);
  }
}

TEST_CASE("Theil-Sen is the median of all slopes, through the median of the rest", "[trend]") {
  std::mt19937 random(2);
  for (size_t count = 2; count <= 16; ++count) {
    for (int round = 0; round < 20; ++round) {
      const Points points = RandomPoints(random, count);
      const Line line = TheilSen(points);
      REQUIRE(line.slope == Approx(PlainSlope(points)).margin(1e-12));
      std::vector<double> rests;
      for (const Point& point : points) rests.push_back(point.value - line.slope * point.time);
      REQUIRE(line.intercept == Approx(PlainMedian(rests)).margin(1e-9));
    }
  }
}

TEST_CASE("Theil-Sen of many points keeps the line's ends and is exact on a line", "[trend]") {
  Points points;
  for (int i = 0; i < 77; ++i) points.push_back({i * 7.0, 5 + 3 * (i * 7.0)});
  CHECK(TheilSen(points).slope == Approx(3));
  CHECK(TheilSen(points).At(0) == Approx(5));
  // A quarter of wild points moves a mean, and no median.
  for (size_t i = 1; i < points.size(); i += 4) points[i].value = 1e6;
  CHECK(TheilSen(points).slope == Approx(3).epsilon(0.3));
}

TEST_CASE("Theil-Sen of nothing and of one point is flat", "[trend]") {
  CHECK(TheilSen({}).slope == 0);
  const Points one = {{5, 7}};
  CHECK(TheilSen(one).slope == 0);
  CHECK(TheilSen(one).At(100) == 7);
}

TEST_CASE("Least squares is exact on a line and minimal around one", "[trend]") {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    const Points points = RandomPoints(random, 12);
    const double slope = LeastSquaresSlope(points);
    // The sum of squares around the best line of this slope: least where the slope is right.
    const auto squares = [&](double tried) {
      double mean = 0;
      for (const Point& point : points) mean += point.value - tried * point.time;
      mean /= static_cast<double>(points.size());
      double sum = 0;
      for (const Point& point : points) {
        const double rest = point.value - tried * point.time - mean;
        sum += rest * rest;
      }
      return sum;
    };
    REQUIRE(squares(slope) < squares(slope + 0.001));
    REQUIRE(squares(slope) < squares(slope - 0.001));
  }
  const Points upright = {{1, 2}, {1, 9}, {1, 4}};
  CHECK(LeastSquaresSlope(upright) == 0);
}

TEST_CASE("Kendall's tau-b with ties", "[trend]") {
  std::mt19937 random(4);
  for (size_t count = 2; count <= 30; ++count) {
    const Points points = RandomPoints(random, count);
    std::vector<double> other = Values(RandomPoints(random, count));
    std::vector<double> values = Values(points);
    if (std::all_of(values.begin(), values.end(), [&](double v) { return v == values[0]; })) {
      continue;
    }
    REQUIRE(KendallTau(points) == Approx(PlainTau(Times(points), values)).margin(1e-12));
    REQUIRE(KendallTau(values, other) == Approx(PlainTau(values, other)).margin(1e-12));
  }
}

TEST_CASE("Tau says 1 of what only rises, -1 of what only falls, 0 of what stays", "[trend]") {
  CHECK(KendallTau(Points{{0, 1}, {1, 2}, {2, 30}}) == 1);
  CHECK(KendallTau(Points{{0, 30}, {1, 2}, {2, 1}}) == -1);
  CHECK(KendallTau(Points{{0, 3}, {1, 3}, {2, 3}}) == 0);
  CHECK(KendallTau(Points{{0, 3}}) == 0);
}

TEST_CASE("Drift is the rise in standard errors of a walk", "[trend]") {
  // Rises of 6, 2, 6, 2, ..: 2 around their mean of 4, each the opposite of the one before: nothing
  // but a tenth of the variance is left of a walk.
  Points points = {{0, 0}};
  for (int i = 0; i < 10; ++i) {
    points.push_back({points.back().time + 1, points.back().value + (i % 2 == 0 ? 6 : 2)});
  }
  const double variance = 10 * 4.0 / 9;
  CHECK(DriftScore(points) == Approx(40 / std::sqrt(10 * 0.1 * variance)));

  // Rises of 6, 6, 6, 6, 6, 2, 2, 2, 2, 2: eight of nine neighbours are alike.
  points.resize(1);
  for (int i = 0; i < 10; ++i) {
    points.push_back({points.back().time + 1, points.back().value + (i < 5 ? 6 : 2)});
  }
  const double lagged = (8 * 4.0 - 4) / 9;
  CHECK(DriftScore(points) == Approx(40 / std::sqrt(10 * (variance + 2 * lagged))));
}

TEST_CASE("Drift tells a walk from noise around a line", "[trend]") {
  std::mt19937 random(5);
  std::normal_distribution<double> normal;
  constexpr int kRounds = 400;
  int walks = 0;
  int noisy = 0;
  for (int round = 0; round < kRounds; ++round) {
    Points walk;
    Points line;
    double level = 0;
    for (int i = 0; i < 16; ++i) {
      walk.push_back({i * 60.0, level += normal(random)});
      line.push_back({i * 60.0, i + normal(random)});
    }
    if (DriftScore(walk) > 3) ++walks;
    if (DriftScore(line) > 3) ++noisy;
  }
  CHECK(walks < kRounds / 10);
  CHECK(noisy > kRounds * 9 / 10);
}

TEST_CASE("Drift has no bound on a line, and none is seen in three points", "[trend]") {
  CHECK(DriftScore(Points{{0, 0}, {1, 1}, {2, 2}, {3, 3}}) > 1e6);
  CHECK(DriftScore(Points{{0, 5}, {1, 5}, {2, 5}, {3, 5}}) == 0);
  CHECK(DriftScore(Points{{0, 3}, {1, 2}, {2, 1}, {3, 0}}) <= 0);
  CHECK(DriftScore(Points{{0, 0}, {1, 1}, {2, 2}}) == 0);
}

TEST_CASE("The largest shift is a step's height, whatever the noise of single points", "[trend]") {
  Points points;
  for (int i = 0; i < 16; ++i) points.push_back({i * 60.0, i < 9 ? 100.0 : 150.0});
  CHECK(LargestShift(points) == 50);
  points[4].value = 900;  // alone
  CHECK(LargestShift(points) == 50);
  for (size_t i = 0; i < points.size(); ++i) points[i].value = 10.0 * static_cast<double>(i);
  CHECK(LargestShift(points) == 30);  // of a line, from the middle of three points to the next's
  std::reverse(points.begin(), points.end());
  CHECK(LargestShift(points) == 0);
}

TEST_CASE("The largest shift against its definition", "[trend]") {
  std::mt19937 random(6);
  for (size_t count = 4; count <= 16; ++count) {
    const std::vector<double> values = Values(RandomPoints(random, count));
    Points points;
    for (size_t i = 0; i < count; ++i) points.push_back({static_cast<double>(i), values[i]});
    double largest = 0;
    for (size_t i = 1; i < count; ++i) {
      const auto from = static_cast<std::ptrdiff_t>(i > 3 ? i - 3 : 0);
      const auto here = static_cast<std::ptrdiff_t>(i);
      const auto to = static_cast<std::ptrdiff_t>(std::min(count, i + 3));
      const std::vector<double> left(values.begin() + from, values.begin() + here);
      const std::vector<double> right(values.begin() + here, values.begin() + to);
      // One point on each side says nothing.
      if (left.size() + right.size() <= 3) continue;
      largest = std::max(largest, PlainMedian(right) - PlainMedian(left));
    }
    REQUIRE(LargestShift(points) == largest);
  }
}

TEST_CASE("Stretches hold their lowest points", "[trend]") {
  std::mt19937 random(7);
  for (int round = 0; round < 50; ++round) {
    const Points points = RandomPoints(random, 60);
    const double from = points[9].time;
    std::array<Point, 5> even;
    Resample(points, from, even);
    const double stretch = (points.back().time - from) / 5;
    for (size_t i = 0; i < even.size(); ++i) {
      const double begin = from + static_cast<double>(i) * stretch;
      const double end = i == 4 ? points.back().time : begin + stretch;
      double lowest = 1e9;
      for (const Point& point : points) {
        const bool within =
            (i == 0 ? point.time >= begin : point.time > begin) && point.time <= end;
        if (within) lowest = std::min(lowest, point.value);
      }
      REQUIRE(even[i].value == lowest);
      REQUIRE(even[i].time <= end);
    }
  }
}

TEST_CASE("An empty stretch lies on the line between its neighbours", "[trend]") {
  const Points points = {{0, 10}, {10, 20}, {90, 100}, {100, 110}};
  std::array<Point, 10> even;
  Resample(points, 0, even);
  for (const Point& point : even) CHECK(point.value == Approx(point.time + 10));
  CHECK(even.front().time == 0);  // the lowest of the first
  CHECK(even.back().time == 100);
  for (size_t i = 1; i < even.size(); ++i) CHECK(even[i].time > even[i - 1].time);
}

TEST_CASE("Nothing is resampled to nothing", "[trend]") {
  std::array<Point, 3> even;
  Resample({}, 0, even);
  for (const Point& point : even) CHECK(point.value == 0);
}

}  // namespace memleak
