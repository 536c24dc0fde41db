// What is learned of a program outlives its processes.
#include <cmath>

#include "exporter/trend/trend.h"
#include "tests/catch.h"
#include "tests/unit/trend/trend_series.h"

namespace memleak {
namespace {

// From 200 MiB at the start of a life to its limit.
Course Life(double began, double pace, double limit) {
  return [=](double slots) {
    return Use{.mib = 200 + pace * (slots - began) + NoiseAt(slots), .limit_mib = limit};
  };
}

// So many lives, each to its limit.
void CrashLoop(Player& player, int lives, double length, double pace) {
  for (int life = 0; life < lives; ++life) {
    const double began = player.at();
    if (life > 0) player.Restart();
    player.Play(began + length, Life(began, pace, 200 + pace * length + 5));
  }
}

TEST_CASE("A climber that died at its limit goes on climbing in its next life", "[trend]") {
  Player player;
  player.Play(400, Life(0, 1, 610));
  REQUIRE(player.trend.Suspected(kMemory));
  player.Restart();
  // Never in between, also while the next life is smaller than where the growth began.
  const Course next = Life(400, 1, 610);
  for (int slot = 400; slot < 790; ++slot) {
    player.Play(slot + 1, next);
    REQUIRE(player.trend.Suspected(kMemory));
  }
  const Verdict verdict = player.Memory();
  CHECK(verdict.pattern == TrendPattern::kClimbUntilRestart);
  CHECK(verdict.evidence.restarts == 1);
  CHECK(player.Growth() == Approx(1).epsilon(0.1));
  // What it says of now is this life's.
  CHECK(verdict.evidence.to / kMiB == Approx(590).margin(3));
  CHECK(player.Left() == Approx(20).margin(8));
}

TEST_CASE("The baseline of a program that climbs to its end is that of its first life", "[trend]") {
  Player player;
  player.Play(400, Life(0, 1, 610));
  const Verdict before = player.Memory();
  player.Restart().Play(500, [](double) { return Use{.mib = 150, .limit_mib = 610}; });
  CHECK(player.Memory().baseline == before.baseline);
  CHECK(player.Memory().baseline_time == before.baseline_time);
}

TEST_CASE("A crash loop is one leak", "[trend]") {
  // 70 slots are too few to call one life's growth a leak by its room alone.
  Player player;
  CrashLoop(player, 8, 70, 4);
  REQUIRE(player.suspected);
  CHECK(*player.suspected < 4 * 70);
  CHECK(player.Memory().suspected());
  CHECK(player.Memory().pattern == TrendPattern::kClimbUntilRestart);
  CHECK(player.Memory().evidence.restarts == 7);
}

TEST_CASE("A crash loop whose lives are shorter than the warm-up", "[trend]") {
  Player player;
  CrashLoop(player, 30, 8, 20);
  CHECK(player.suspected);
  CHECK(player.Memory().suspected());
  CHECK(player.Memory().evidence.restarts == 29);
}

TEST_CASE("A crash loop that nobody tells of", "[trend]") {
  // A cgroup outlives what is killed in it: only its value says so.
  Player player;
  player.Play(560, [](double slots) {
    return Use{.mib = 100 + 4 * std::fmod(slots, 70) + NoiseAt(slots), .limit_mib = 385};
  });
  REQUIRE(player.suspected);
  CHECK(player.Memory().suspected());
  CHECK(player.Memory().pattern == TrendPattern::kClimbUntilRestart);
  CHECK(player.Memory().evidence.restarts == 7);
}

TEST_CASE("A saw that never comes near its limit is no crash loop", "[trend]") {
  Player player;
  player.Play(1'500, [](double slots) {
    return Use{.mib = 100 + 4 * std::fmod(slots, 70) + NoiseAt(slots), .limit_mib = 600};
  });
  CHECK_FALSE(player.suspected);
  CHECK(player.Memory().evidence.restarts == 0);
}

TEST_CASE("An innocent one begins anew", "[trend]") {
  Player player;
  player.Play(400, [](double slots) { return Use{.mib = 300 + NoiseAt(slots), .limit_mib = 900}; });
  CHECK(player.Memory().state == TrendState::kSteady);
  player.Restart().Play(
      421, [](double slots) { return Use{.mib = 420 + NoiseAt(slots), .limit_mib = 900}; });
  // A new program: its baseline is its own, and 22 slots have to pass for it.
  CHECK_FALSE(player.suspected);
  player.Play(800, [](double slots) { return Use{.mib = 420 + NoiseAt(slots), .limit_mib = 900}; });
  CHECK_FALSE(player.suspected);
  CHECK(player.Memory().state == TrendState::kSteady);
  CHECK(player.Memory().growth_per_second == 0.0);
  CHECK(player.Memory().baseline.value() / kMiB == Approx(419).margin(1));
  CHECK(player.Memory().baseline_time.value() > player.Clock(409));
}

TEST_CASE("Restarts of an innocent, each a little larger, are no leak", "[trend]") {
  Player player;
  for (int life = 0; life < 12; ++life) {
    if (life > 0) player.Restart();
    player.Play(player.at() + 120, [=](double slots) {
      return Use{.mib = 300 + 25.0 * life + NoiseAt(slots), .limit_mib = 2'000};
    });
  }
  CHECK_FALSE(player.suspected);
}

TEST_CASE("A suspicion of what did not die of it is kept until the next life was seen", "[trend]") {
  Player player;
  player.Play(600, [](double slots) {
    return Use{.mib = 300 + slots + NoiseAt(slots), .limit_mib = 1'300};
  });
  REQUIRE(player.trend.Suspected(kMemory));
  // Repaired by its new version.
  player.Restart().Play(
      640, [](double slots) { return Use{.mib = 300 + NoiseAt(slots), .limit_mib = 1'300}; });
  CHECK(player.trend.Suspected(kMemory));
  player.Play(600 + 1'440,
              [](double slots) { return Use{.mib = 300 + NoiseAt(slots), .limit_mib = 1'300}; });
  CHECK_FALSE(player.trend.Suspected(kMemory));
}

TEST_CASE("A restart before the first sample is the start", "[trend]") {
  Trend trend(kProcessShape, 60, kUnknown);
  trend.Restart(1'000);
  TrendSample sample;
  sample.time = 1'060;
  sample.resources[kMemory].value = 5 * kMiB;
  trend.Add(sample);
  CHECK(trend.Judge(kMemory).evidence.restarts == 0);
  CHECK(trend.Judge(kMemory).known_in_seconds.value() == Approx(21 * 60));
}

TEST_CASE("More restarts than can be counted", "[trend]") {
  Trend trend(kProcessShape, 1, 0);
  TrendSample sample;
  for (int life = 0; life < 70'000; ++life) {
    sample.time = life + 0.5;
    sample.resources[kMemory] = {(10 + life % 3) * kMiB, kMiB};
    trend.Add(sample);
    trend.Restart(life + 0.75);
  }
  CHECK(trend.Valid());
  CHECK(trend.Judge(kMemory).state != TrendState::kLeaking);
}

TEST_CASE("A restart further away than slots are counted is no restart", "[trend]") {
  for (const double time : {1e13, 1e300, -1e300, kUnknown}) {
    CAPTURE(time);
    Trend trend(kProcessShape, 60, 0);
    TrendSample sample;
    sample.resources[kMemory] = {90 * kMiB, 10 * kMiB};
    for (int slot = 0; slot < 30; ++slot) {
      sample.time = slot * 60.0;
      trend.Add(sample);
    }
    trend.Restart(time);
    CHECK(trend.Valid());
    CHECK(trend.Judge(kMemory).evidence.restarts == 0);
    sample.time += 60;
    trend.Add(sample);
    CHECK(trend.last_time() == sample.time);
  }
}

TEST_CASE("CPU seconds begin anew with a life", "[trend]") {
  // As busy in every life: the counter's fall is no change of load.
  Player player;
  for (int life = 0; life < 4; ++life) {
    const double began = player.at();
    if (life > 0) player.Restart();
    player.Play(began + 150, [=](double slots) {
      Use use = Life(began, 2, 510)(slots);
      use.cpus = 0.5;
      return use;
    });
  }
  REQUIRE(player.Memory().evidence.load_change);
  CHECK(*player.Memory().evidence.load_change == Approx(1).margin(0.05));
  CHECK(player.suspected);
}

}  // namespace
}  // namespace memleak
