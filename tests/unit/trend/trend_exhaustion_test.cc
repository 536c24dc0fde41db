// How long until the limit.
#include <cmath>
#include <vector>

#include "exporter/trend/trend.h"
#include "tests/catch.h"
#include "tests/unit/trend/trend_series.h"

namespace memleak {
namespace {

constexpr double kRoom = 1'000;  // MiB

// 300 MiB and a share of the room.
Course Filling(std::function<double(double)> share) {
  return [share = std::move(share)](double slots) {
    return Use{.mib = 300 + kRoom * share(slots) + NoiseAt(slots), .limit_mib = 300 + kRoom};
  };
}

TEST_CASE("A steady leak's end is known within 5 % from a quarter of its life", "[trend]") {
  constexpr double kLife = 1'000;
  const double slot = GENERATE(60.0, 1.0);
  Player player(slot);
  const Course course = Filling([](double slots) { return slots / kLife; });
  for (const double share : {0.25, 0.5, 0.75, 0.9}) {
    player.Play(share * kLife, course);
    INFO("at " << share);
    CHECK(player.Left() == Approx((1 - share) * kLife).epsilon(0.05));
  }
}

TEST_CASE("Peaks hit the limit, not troughs", "[trend]") {
  // Teeth of 120 MiB, ten slots long: the limit is reached 120 slots before the troughs do.
  constexpr double kLife = kRoom - 120;
  Player player;
  player.Play(kLife / 2, [](double slots) {
    return Use{.mib = 300 + slots + 12 * std::fmod(slots, 10), .limit_mib = 300 + kRoom};
  });
  CHECK(player.Left() == Approx(kLife / 2).epsilon(0.1));
  CHECK(player.Left() < kLife / 2 + 60);
}

TEST_CASE("What slows down or gains pace is told within a fifth at half its life", "[trend]") {
  constexpr double kLife = 1'500;
  const double power = GENERATE(0.5, 0.7, 1.0, 1.5, 2.0);
  Player player;
  const Course course = Filling([=](double slots) { return std::pow(slots / kLife, power); });
  player.Play(kLife / 2, course);
  INFO("power " << power);
  CHECK(player.Left() == Approx(kLife / 2).epsilon(0.2));
}

TEST_CASE("A fast leak is told within four samples and half a slot", "[trend]") {
  // 800 slots of nothing, or none at all, and then 40 MiB a slot.
  const double calm = GENERATE(0.0, 5.0, 800.0);
  const double per_slot = GENERATE(4.0, 8.0);
  Player player(60, per_slot);
  const Course course = [=](double slots) {
    return Use{.mib = 300 + 40 * std::max(0.0, slots - calm), .limit_mib = 1'300};
  };
  // Up to the last sample before it.
  player.Play(calm + 0.5, course);
  CHECK(player.Left() < 0);
  player.Play(calm + 1, course);
  INFO("after " << calm << " slots, " << per_slot << " samples a slot");
  const double since = 1 - 1 / per_slot;
  CHECK(player.Left() == Approx(25 - since).epsilon(0.02));
  const Verdict verdict = player.Memory();
  CHECK_FALSE(verdict.suspected());
  if (calm < 20) {
    CHECK(verdict.state == TrendState::kUnknown);
    CHECK_FALSE(verdict.growth_per_second);
  } else {
    CHECK(verdict.growth_per_second == 0.0);
  }
}

TEST_CASE("A fast descriptor leak is told, too", "[trend]") {
  Player player;
  player.Play(1, [](double slots) {
    return Use{.mib = 100, .descriptors = 20 + 100 * slots, .most_descriptors = 1'020};
  });
  CHECK(player.Left(kDescriptors) == Approx(10 - 0.75).epsilon(0.02));
  CHECK(player.Left() < 0);
}

TEST_CASE("Within a few samples only what goes on steadily, fast and far is told", "[trend]") {
  const auto left = [](const std::vector<double>& values, double limit) {
    Player player;
    size_t next = 0;
    player.Play(static_cast<double>(values.size()) / 4,
                [&](double) { return Use{.mib = values[next++], .limit_mib = limit}; });
    return player.Left();
  };
  CHECK(left({100, 110, 120, 130}, 500) == Approx(37 / 4.0));
  CHECK(left({100, 110, 120}, 500) < 0);            // too few
  CHECK(left({100, 101, 102, 103}, 500) < 0);       // too little
  CHECK(left({100, 110, 109, 130}, 500) < 0);       // fell
  CHECK(left({100, 101, 102, 130}, 500) < 0);       // in one leap
  CHECK(left({100, 110, 120, 130}, 20'000) < 0);    // too far away
  CHECK(left({100, 110, 120, 130}, kUnknown) < 0);  // no limit
}

TEST_CASE("There is no end of what shrinks, stays, or has no limit", "[trend]") {
  Player shrinking;
  shrinking.Play(800, [](double slots) { return Use{.mib = 900 - slots, .limit_mib = 1'000}; });
  CHECK(shrinking.Left() < 0);
  CHECK(std::isinf(shrinking.trend.ExhaustionSeconds(kMemory)));
  Player flat;
  flat.Play(800, [](double) { return Use{.mib = 900, .limit_mib = 1'000}; });
  CHECK(flat.Left() < 0);
  Player endless;
  endless.Play(1'500, [](double slots) { return Use{.mib = 300 + slots}; });
  CHECK(endless.Memory().suspected());
  CHECK(endless.Left() < 0);
}

TEST_CASE("What stands at its limit has nothing left", "[trend]") {
  Player player;
  const Course course = Filling([](double slots) { return slots / 1'000; });
  player.Play(1'000, course);
  player.Play(1'004, [](double) { return Use{.mib = 1'310, .limit_mib = 1'300}; });
  CHECK(player.Memory().exhaustion_seconds == 0.0);
}

TEST_CASE("A limit that moves away moves the end", "[trend]") {
  Player player;
  player.Play(500, Filling([](double slots) { return slots / 1'000; }));
  player.Play(510, [](double slots) { return Use{.mib = 300 + slots, .limit_mib = 2'300}; });
  CHECK(player.Left() == Approx(2'300 - 810).epsilon(0.06));
}

TEST_CASE("The verdict and the shortcut say the same", "[trend]") {
  Player player;
  player.Play(700, [&](double slots) {
    return Use{
        .mib = 300 + slots, .limit_mib = 1'300, .descriptors = 12, .most_descriptors = 1'024};
  });
  for (const size_t resource : {kMemory, kDescriptors}) {
    const Verdict verdict = player.trend.Judge(resource);
    CHECK(verdict.suspected() == player.trend.Suspected(resource));
    const double seconds = player.trend.ExhaustionSeconds(resource);
    CHECK(std::isfinite(seconds) == verdict.exhaustion_seconds.has_value());
    if (verdict.exhaustion_seconds) CHECK(*verdict.exhaustion_seconds == seconds);
  }
}

}  // namespace
}  // namespace memleak
