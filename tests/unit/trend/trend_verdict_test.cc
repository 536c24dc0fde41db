// What is called a leak, when, and what is not.
#include <algorithm>
#include <cmath>
#include <optional>
#include <vector>

#include "exporter/trend/trend.h"
#include "tests/catch.h"
#include "tests/unit/trend/trend_series.h"

namespace memleak {
namespace {

constexpr double kDay = 1'440;  // slots of a minute
constexpr double kPi = 3.14159265358979;

// 300 MiB and `pace` a slot, up to a limit.
Course Leak(double pace, double limit = kUnknown) {
  return [=](double slots) {
    return Use{.mib = 300 + pace * slots + NoiseAt(slots), .limit_mib = limit};
  };
}

// By day and by night, from 0 to 1.
double Daylight(double slots) { return 0.5 - 0.5 * std::cos(2 * kPi * slots / kDay); }

TEST_CASE("A steady leak is found well before half its life, and says when it began", "[trend]") {
  // 1000 slots of life.
  Player player;
  player.Play(600, Leak(1, 1'300));
  REQUIRE(player.suspected);
  CHECK(*player.suspected > 100);
  CHECK(*player.suspected < 450);
  const Verdict verdict = player.Memory();
  CHECK(verdict.suspected());
  CHECK(verdict.state == TrendState::kLeaking);
  CHECK(verdict.pattern == TrendPattern::kClimb);
  CHECK(verdict.confidence == Confidence::kLikely);
  CHECK(player.Growth() == Approx(1).epsilon(0.03));
  CHECK(verdict.growth_start.value() == Approx(player.Clock(0)).margin(30 * 60));
  CHECK(verdict.window_seconds.value() > 100 * 60);
  CHECK(verdict.evidence.from / kMiB == Approx(310).margin(20));
  CHECK(verdict.evidence.to / kMiB == Approx(900).margin(3));
  CHECK(verdict.evidence.over_seconds == Approx(590 * 60).margin(30 * 60));
  CHECK(verdict.evidence.steadiness.value() > 0.9);
  CHECK_FALSE(verdict.evidence.load_change);
  CHECK_FALSE(verdict.evidence.idle_growth);
  CHECK_FALSE(verdict.evidence.sibling_correlation);
  CHECK(verdict.evidence.restarts == 0);
  CHECK_FALSE(verdict.known_in_seconds);
}

TEST_CASE("A leak without a limit is found, too, by its patience", "[trend]") {
  Player player;
  player.Play(2'000, Leak(1));
  REQUIRE(player.suspected);
  CHECK(*player.suspected < 1'000);
}

TEST_CASE("A leak that begins late began when it began", "[trend]") {
  Player player;
  player.Play(3'000, [](double slots) {
    return Use{.mib = 300 + std::max(0.0, slots - 1'500) + NoiseAt(slots), .limit_mib = 2'300};
  });
  REQUIRE(player.suspected);
  CHECK(*player.suspected > 1'500);
  CHECK(*player.suspected < 2'500);
  CHECK(player.Memory().growth_start.value() == Approx(player.Clock(1'500)).margin(150 * 60));
  CHECK(player.Memory().evidence.from / kMiB == Approx(300).margin(60));
}

TEST_CASE("Durations go with the slot, bytes do not", "[trend]") {
  Player minutes(60);
  Player seconds(1);
  minutes.Play(700, Leak(1, 1'300));
  seconds.Play(700, Leak(1, 1'300));
  REQUIRE(minutes.suspected);
  REQUIRE(seconds.suspected);
  CHECK(*minutes.suspected == *seconds.suspected);
  CHECK(*minutes.Memory().growth_per_second * 60 ==
        Approx(*seconds.Memory().growth_per_second).epsilon(0.001));
  CHECK(*minutes.Memory().window_seconds == Approx(60 * *seconds.Memory().window_seconds));
  CHECK(*minutes.Memory().exhaustion_seconds ==
        Approx(60 * *seconds.Memory().exhaustion_seconds).epsilon(0.001));
}

TEST_CASE("A few MiB are no growth at any slot", "[trend]") {
  const double slot = GENERATE(1.0, 60.0);
  Player player(slot);
  // 4 MiB in all, steadily.
  player.Play(1'000, [](double slots) { return Use{.mib = 100 + 0.004 * slots}; });
  CHECK_FALSE(player.suspected);
  CHECK(player.Memory().growth_per_second == 0.0);
  CHECK(player.Memory().state == TrendState::kSteady);
}

TEST_CASE("0.8 MiB an hour on 300 MiB within 30 hours", "[trend]") {
  Player player;
  player.Play(1.25 * kDay, [](double slots) {
    return Use{.mib = 300 + 0.8 * slots / 60 + 0.5 * NoiseAt(slots),
               .cpus = 0.1 + 0.01 * NoiseAt(slots)};
  });
  CHECK(player.suspected);
}

TEST_CASE("A plateau ends the suspicion within a day", "[trend]") {
  Player player;
  const Course course = [](double slots) {
    return Use{.mib = 300 + std::min(slots, 600.0) + NoiseAt(slots), .limit_mib = 1'300};
  };
  player.Play(600, course);
  REQUIRE(player.trend.Suspected(kMemory));
  player.Play(600 + kDay, course);
  CHECK_FALSE(player.trend.Suspected(kMemory));
  const Verdict verdict = player.Memory();
  CHECK(verdict.confidence == Confidence::kNone);
  CHECK(verdict.state != TrendState::kLeaking);
}

TEST_CASE("A fall below where the growth began ends the suspicion soon", "[trend]") {
  Player player;
  player.Play(600, Leak(1, 1'300));
  REQUIRE(player.trend.Suspected(kMemory));
  player.Play(610, [](double) { return Use{.mib = 200, .limit_mib = 1'300}; });
  CHECK_FALSE(player.trend.Suspected(kMemory));
}

TEST_CASE("A leak that goes as a root of time is found before its end", "[trend]") {
  // Later than a straight one: what fills up looks like it for long.
  Player player;
  player.Play(1'500, [](double slots) {
    return Use{.mib = 300 + 1'000 * std::sqrt(slots / 2'000), .limit_mib = 1'300};
  });
  CHECK(player.suspected);
}

TEST_CASE("Leaks of many shapes are found in half their lives", "[trend]") {
  struct Case {
    const char* name;
    double life;
    Course course;
  };
  const std::vector<Case> cases = {
      {"under noise", 2'000,
       [](double slots) {
         return Use{.mib = 300 + 0.5 * slots + 15 * NoiseAt(slots), .limit_mib = 1'300};
       }},
      {"under teeth of garbage", 2'000,
       [](double slots) {
         return Use{.mib = 300 + 0.5 * slots + 4 * std::fmod(slots, 12), .limit_mib = 1'350};
       }},
      {"a staircase of small steps", 2'000,
       [](double slots) {
         return Use{.mib = 300 + 10 * std::floor(slots / 20), .limit_mib = 1'300};
       }},
      {"with all the swings of a flat load", 2'000,
       [](double slots) {
         return Use{.mib = 300 + 0.5 * slots,
                    .limit_mib = 1'300,
                    .cpus = 0.5 + 0.1 * NoiseAt(slots),
                    .threads = 20 + std::round(3 * NoiseAt(slots + 0.1))};
       }},
  };
  for (const Case& some : cases) {
    Player player;
    player.Play(some.life / 2, some.course);
    INFO(some.name);
    CHECK(player.suspected);
  }
}

TEST_CASE("What only looks like a leak is not called one", "[trend]") {
  struct Case {
    const char* name;
    Course course;
  };
  const std::vector<Case> cases = {
      {"flat", [](double slots) { return Use{.mib = 300 + 3 * NoiseAt(slots), .limit_mib = 500}; }},
      {"a step",
       [](double slots) { return Use{.mib = slots < 700 ? 300.0 : 600.0, .limit_mib = 900}; }},
      {"a few steps",
       [](double slots) {
         const double steps =
             (slots > 300 ? 60 : 0) + (slots > 800 ? 150 : 0) + (slots > 2'500 ? 40 : 0);
         return Use{.mib = 300 + steps + NoiseAt(slots), .limit_mib = 1'200};
       }},
      {"a sawtooth",
       [](double slots) { return Use{.mib = 300 + 2.5 * std::fmod(slots, 40), .limit_mib = 500}; }},
      {"a cache that fills and stops",
       [](double slots) {
         return Use{.mib = 300 + 200 * (1 - std::exp(-slots / 300)) + NoiseAt(slots),
                    .limit_mib = 900};
       }},
      {"fills like a logarithm",
       [](double slots) {
         return Use{.mib = 300 + 60 * std::log1p(slots / 30) + NoiseAt(slots), .limit_mib = 1'500};
       }},
      {"spikes",
       [](double slots) {
         const bool high = static_cast<int>(slots) % 97 < 10;
         return Use{.mib = 300 + (high ? 150 : 0) + 2 * NoiseAt(slots), .limit_mib = 600};
       }},
      {"a pool that follows the day",
       [](double slots) {
         const double load = Daylight(slots);
         return Use{.mib = 300 + 200 * load + NoiseAt(slots),
                    .limit_mib = 900,
                    .cpus = 0.1 + 2 * load,
                    .connections = 10 + 200 * load};
       }},
      {"a ramp of traffic",
       [](double slots) {
         return Use{.mib = 300 + 0.1 * slots + NoiseAt(slots),
                    .limit_mib = 1'200,
                    .cpus = 0.1 + 0.001 * slots,
                    .connections = 50 + 0.4 * slots};
       }},
      {"shrinks", [](double slots) { return Use{.mib = 900 - 0.1 * slots, .limit_mib = 1'000}; }},
  };
  for (const Case& some : cases) {
    Player player;
    player.Play(3 * kDay, some.course);
    INFO(some.name << ", alarm at slot " << player.suspected.value_or(-1));
    CHECK_FALSE(player.suspected);
    CHECK(player.Memory().confidence == Confidence::kNone);
  }
}

TEST_CASE("What fills ever slower is warming, not growing", "[trend]") {
  Player player;
  player.Play(300, [](double slots) {
    return Use{.mib = 300 + 400 * (1 - std::exp(-slots / 120)) + NoiseAt(slots),
               .limit_mib = 4'000};
  });
  CHECK(player.Memory().state == TrendState::kWarming);
  CHECK(player.Memory().pattern == TrendPattern::kWarmUp);
}

TEST_CASE("What goes along with load says so", "[trend]") {
  Player player;
  player.Play(900, [](double slots) {
    const double load = std::max(0.0, slots - 300) / 300;
    return Use{.mib = 300 + 100 * load + NoiseAt(slots),
               .cpus = 0.2 + 0.5 * load,
               .connections = 20 + 100 * load};
  });
  const Verdict verdict = player.Memory();
  CHECK(verdict.state == TrendState::kGrowing);
  CHECK(verdict.pattern == TrendPattern::kFollowsLoad);
  CHECK(verdict.evidence.load_change.value() > 1.1);
}

TEST_CASE("A saw says so when it has fallen twice", "[trend]") {
  Player player;
  player.Play(600, [](double slots) { return Use{.mib = 300 + 2.0 * std::fmod(slots, 60)}; });
  CHECK(player.Memory().pattern == TrendPattern::kSawtooth);
}

TEST_CASE("A leak under a load that is known and flat is found earlier", "[trend]") {
  Player known;
  Player unknown;
  known.Play(1'000, [](double slots) {
    Use use = Leak(1, 1'300)(slots);
    use.cpus = 0.5 + 0.05 * NoiseAt(slots);
    use.connections = 40 + std::round(4 * NoiseAt(slots));
    return use;
  });
  unknown.Play(1'000, Leak(1, 1'300));
  REQUIRE(known.suspected);
  REQUIRE(unknown.suspected);
  CHECK(*known.suspected < 0.8 * *unknown.suspected);
  CHECK(known.Memory().evidence.load_change.value() == Approx(1).margin(0.1));
}

TEST_CASE("What goes on without any load is confirmed, with what it grew", "[trend]") {
  Player player;
  const Course course = [](double slots) {
    Use use = Leak(1, 1'300)(slots);
    use.cpus = slots < 450 ? 1.0 : 0.01;
    return use;
  };
  player.Play(450, course);
  REQUIRE(player.trend.Suspected(kMemory));
  CHECK(player.Memory().confidence == Confidence::kLikely);
  player.Play(550, course);
  const Verdict verdict = player.Memory();
  CHECK(verdict.confidence == Confidence::kConfirmed);
  const double slots = verdict.evidence.idle_seconds.value() / 60;
  CHECK(slots > 7);
  CHECK(slots < 105);
  CHECK(*verdict.evidence.idle_growth / kMiB == Approx(slots).epsilon(0.3));
}

TEST_CASE("A pool that lets go when the load falls is never confirmed", "[trend]") {
  Player player;
  player.Play(900, [](double slots) {
    const double load = slots < 450 ? slots / 450 : 0;
    return Use{.mib = 300 + 400 * load + NoiseAt(slots), .limit_mib = 1'300, .cpus = 0.01 + load};
  });
  CHECK_FALSE(player.suspected);
  CHECK_FALSE(player.Memory().evidence.idle_growth);
}

TEST_CASE("A suspect that is the larger the older among its siblings is confirmed", "[trend]") {
  Player player;
  player.Play(600, Leak(1, 1'300));
  CHECK(player.Memory().confidence == Confidence::kLikely);
  player.trend.NoteSiblings(0.2);
  CHECK(player.Memory().confidence == Confidence::kLikely);
  CHECK(player.Memory().evidence.sibling_correlation.value() == Approx(0.2));
  player.trend.NoteSiblings(0.9);
  CHECK(player.Memory().confidence == Confidence::kConfirmed);
}

TEST_CASE("Siblings alone make no suspect", "[trend]") {
  Player player;
  player.Play(600, Leak(0, 1'300));
  player.trend.NoteSiblings(1);
  CHECK_FALSE(player.Memory().suspected());
  CHECK(player.Memory().confidence == Confidence::kNone);
}

TEST_CASE("Descriptors leak while memory does not", "[trend]") {
  Player player;
  player.Play(700, [](double slots) {
    return Use{.mib = 300 + NoiseAt(slots),
               .limit_mib = 900,
               .cpus = 0.3,
               .threads = 8,
               .descriptors = std::floor(40 + 0.8 * slots),
               .most_descriptors = 1'024};
  });
  CHECK(player.descriptors_suspected);
  CHECK_FALSE(player.suspected);
  const Verdict verdict = player.trend.Judge(kDescriptors);
  CHECK(verdict.suspected());
  CHECK(verdict.growth_per_second.value() * 60 == Approx(0.8).epsilon(0.05));
  CHECK(verdict.baseline == 48.0);
  CHECK(player.Left(kDescriptors) == Approx((1'024 - 600) / 0.8).epsilon(0.05));
  CHECK_FALSE(player.Memory().suspected());
  CHECK(player.Memory().growth_per_second == 0.0);
}

TEST_CASE("A dozen descriptors more are no growth", "[trend]") {
  Player player;
  player.Play(1'500, [](double slots) {
    return Use{
        .mib = 300, .descriptors = std::floor(40 + 0.008 * slots), .most_descriptors = 1'024};
  });
  CHECK_FALSE(player.descriptors_suspected);
  CHECK(player.trend.Judge(kDescriptors).growth_per_second == 0.0);
}

}  // namespace
}  // namespace memleak
