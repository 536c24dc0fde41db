// The history of a trend as people look at it.
#include <algorithm>

#include "exporter/trend/trend.h"
#include "tests/catch.h"
#include "tests/unit/trend/trend_series.h"

namespace memleak {
namespace {

// From 200 MiB at the start of a life.
Course Climb(double began, double pace, double limit) {
  return [=](double slots) {
    return Use{.mib = 200 + pace * (slots - began), .limit_mib = limit, .descriptors = 40};
  };
}

bool Ascends(const TrendHistory& history) {
  const auto points = history.all();
  return std::is_sorted(points.begin(), points.end(),
                        [](const Point& a, const Point& b) { return a.time < b.time; });
}

TEST_CASE("A history has the value now before any slot is over", "[trend]") {
  Player player;
  CHECK(player.trend.History(kMemory).count == 0);
  player.Play(1, Climb(0, 1, 1000));
  const TrendHistory history = player.trend.History(kMemory);
  REQUIRE(history.count == 1);
  CHECK(history.points[0].time == player.Clock(0.75));
  CHECK(history.points[0].value / kMiB == Approx(200.75));
  CHECK(*history.limit / kMiB == Approx(1000));
  CHECK_FALSE(history.slope);
  // Never recorded.
  CHECK(player.trend.History(1).count == 0);
}

TEST_CASE("A history's points are the troughs at their time, coarse before fine", "[trend]") {
  Player player;
  const Course climb = Climb(0, 1, 5000);
  for (int slot = 0; slot < 3000; slot += 13) {
    player.Play(slot + 1, climb);
    const TrendHistory history = player.trend.History(kMemory);
    REQUIRE(history.count <= 81);
    REQUIRE(Ascends(history));
    for (const Point& point : history.all()) {
      const double slots = (point.time - player.Clock(0)) / 60;
      REQUIRE(point.value / kMiB == Approx(200 + slots).epsilon(0.001));
    }
    REQUIRE(history.all().back().time == player.Clock(slot + 0.75));
  }
  const TrendHistory history = player.trend.History(kMemory);
  // Five scales of 16 slots reach back to days; at the default slot two weeks.
  CHECK(history.points[0].time < player.Clock(300));
  CHECK(history.count > 40);
  CHECK_FALSE(history.joined);
  CHECK(*history.slope * 60 / kMiB == Approx(1).epsilon(0.05));
  // The line goes through today.
  CHECK(history.through.time == history.all().back().time);
  CHECK(history.through.value / kMiB == Approx(history.all().back().value / kMiB).epsilon(0.02));
  CHECK(player.trend.History(kDescriptors).all().back().value == Approx(40));
  CHECK_FALSE(player.trend.History(kDescriptors).slope);
}

TEST_CASE("Two lives are shown as they were measured", "[trend]") {
  Player player;
  player.Play(400, Climb(0, 1, 610));
  player.Restart();
  // In the warm-up of the second life there is only the first one, and now.
  player.Play(405, Climb(400, 1, 610));
  CHECK(player.trend.History(kMemory).all().back().value / kMiB == Approx(204.75));
  player.Play(700, Climb(400, 1, 610));
  const TrendHistory history = player.trend.History(kMemory);
  CHECK_FALSE(history.joined);
  CHECK(Ascends(history));
  double most = 0;
  for (const Point& point : history.all()) {
    const double slots = (point.time - player.Clock(0)) / 60;
    // A long slot that is of both lives shows the first, or what is kept of the second.
    if (slots > 320 && slots < 420) continue;
    CHECK(point.value / kMiB == Approx(200 + (slots < 400 ? slots : slots - 400)).epsilon(0.005));
    most = std::max(most, point.value / kMiB);
  }
  CHECK(most < 610);
  CHECK(history.through.value / kMiB == Approx(500).epsilon(0.05));
  CHECK(*history.limit / kMiB == Approx(610));
}

TEST_CASE("More lives are shown joined, and say so", "[trend]") {
  Player player;
  for (int life = 0; life < 4; ++life) {
    if (life > 0) player.Restart();
    player.Play((life + 1) * 100, Climb(life * 100, 4, 610));
  }
  const TrendHistory history = player.trend.History(kMemory);
  REQUIRE(history.joined);
  CHECK(Ascends(history));
  // Four climbs of nearly 400 MiB on top of each other.
  CHECK(history.all().back().value / kMiB > 1400);
  const auto points = history.all();
  CHECK(std::is_sorted(points.begin(), points.end(),
                       [](const Point& a, const Point& b) { return a.value < b.value; }));
  CHECK(*history.limit - points.back().value == Approx((610 - 599) * kMiB).margin(3 * kMiB));
  CHECK(history.through.value == Approx(points.back().value).epsilon(0.05));
}

}  // namespace
}  // namespace memleak
