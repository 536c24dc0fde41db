// How samples become a history: slots, gaps, the baseline.
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>
#include <vector>

#include "exporter/trend/trend.h"
#include "tests/catch.h"
#include "tests/unit/trend/trend_series.h"

namespace memleak {
namespace {

static_assert(std::is_trivially_copyable_v<Trend>);
static_assert(sizeof(Trend) <= 1'400);

using Bytes = std::array<std::byte, sizeof(Trend)>;

// MiB a slot above 200, whatever the time.
Use Climbing(double slots, double pace) { return {.mib = 200 + pace * slots}; }

Course Flat(double mib) {
  return [=](double) { return Use{.mib = mib}; };
}

TEST_CASE("Too little was seen to say anything, and it says how much longer", "[trend]") {
  const double slot = GENERATE(60.0, 1.0);
  Player player(slot);
  for (int until = 1; until < 22; ++until) {
    player.Play(until, Flat(300));
    const Verdict verdict = player.Memory();
    REQUIRE(verdict.state == TrendState::kUnknown);
    REQUIRE_FALSE(verdict.growth_per_second);
    REQUIRE_FALSE(verdict.exhaustion_seconds);
    REQUIRE(verdict.known_in_seconds.value() == Approx(slot * (22 - until + 0.25)));
  }
  player.Play(22.25, Flat(300));
  const Verdict verdict = player.Memory();
  CHECK(verdict.state == TrendState::kSteady);
  CHECK(verdict.growth_per_second == 0.0);
  CHECK_FALSE(verdict.known_in_seconds);
  CHECK_FALSE(verdict.window_seconds);
  CHECK_FALSE(verdict.growth_start);
}

TEST_CASE("A program that was old when it was first seen has no warm-up", "[trend]") {
  constexpr double kSlot = 60;
  Trend trend(kProcessShape, kSlot, 0);
  TrendSample sample;
  for (int i = 0; i <= 12 * 4; ++i) {
    sample.time = 1e6 + i * kSlot / 4;
    sample.resources[kMemory].value = 100 * kMiB;
    trend.Add(sample);
    REQUIRE((trend.Judge(kMemory).state == TrendState::kUnknown) == (i < 12 * 4));
  }
  CHECK(trend.Judge(kMemory).baseline.value() == 100 * kMiB);
}

TEST_CASE("One whose start is not known starts with its first sample", "[trend]") {
  Trend trend(kProcessShape, 60, kUnknown);
  TrendSample sample;
  sample.time = 5000;
  sample.resources[kMemory].value = 100 * kMiB;
  trend.Add(sample);
  CHECK(trend.Judge(kMemory).known_in_seconds == 22.0 * 60);
}

TEST_CASE("The baseline is the lowest in slots 11 to 22, and when", "[trend]") {
  Player player;
  player.Play(600, [](double slots) {
    double mib = 300;
    if (slots < 10) mib = 50;                         // warm-up
    if (slots == 15.25) mib = 250;                    // the lowest
    if (slots == 17.5) mib = 260;                     //
    if (slots > 30) mib = 100 + 20 * NoiseAt(slots);  // too late
    return Use{.mib = mib};
  });
  const Verdict verdict = player.Memory();
  CHECK(verdict.baseline == 250 * kMiB);
  CHECK(verdict.baseline_time == player.Clock(15));
}

TEST_CASE("There is no baseline before slot 11 is over", "[trend]") {
  Player player;
  player.Play(11, Flat(300));
  CHECK_FALSE(player.Memory().baseline);
  player.Play(11.25, Flat(300));
  CHECK(player.Memory().baseline);
}

TEST_CASE("What is not recorded has no verdict", "[trend]") {
  Player player;
  player.Play(300, [](double) { return Use{.descriptors = 12}; });
  const Verdict verdict = player.Memory();
  CHECK(verdict.state == TrendState::kUnknown);
  CHECK_FALSE(verdict.baseline);
  CHECK_FALSE(verdict.growth_per_second);
  CHECK(player.trend.Judge(kDescriptors).state == TrendState::kSteady);
}

TEST_CASE("A time that is not after the last one is ignored", "[trend]") {
  Trend trend(kProcessShape, 60, 0);
  TrendSample sample;
  for (int i = 0; i < 200; ++i) {
    sample.time = i * 15.0;
    sample.resources[kMemory].value = 300 * kMiB;
    trend.Add(sample);
  }
  const auto before = std::bit_cast<Bytes>(trend);
  sample.resources[kMemory].value = 1 * kMiB;
  trend.Add(sample);
  sample.time = 20;
  trend.Add(sample);
  sample.time = kUnknown;
  trend.Add(sample);
  const auto after = std::bit_cast<Bytes>(trend);
  CHECK(before == after);
  CHECK(trend.last_time() == 199 * 15.0);
}

TEST_CASE("Samples come at any spacing", "[trend]") {
  // Every second, four a slot, one a slot, one in five slots: the pace is the same.
  const double per_slot = GENERATE(60.0, 4.0, 1.0, 0.2);
  Player player(60, per_slot);
  player.Play(1'500, [](double slots) { return Climbing(slots, 0.5); });
  INFO("samples per slot " << per_slot);
  CHECK(player.Growth() == Approx(0.5).epsilon(0.03));
  CHECK(player.suspected);
}

TEST_CASE("Samples that come unevenly", "[trend]") {
  Trend trend(kProcessShape, 60, 0);
  TrendSample sample;
  for (double slots = 0; slots < 1'500; slots += 0.6 + 0.55 * NoiseAt(slots)) {
    sample.time = slots * 60;
    sample.resources[kMemory].value = (200 + 0.5 * slots) * kMiB;
    trend.Add(sample);
  }
  CHECK(trend.Judge(kMemory).growth_per_second.value() == Approx(0.5 * kMiB / 60).epsilon(0.03));
  CHECK(trend.Suspected(kMemory));
}

TEST_CASE("A slot keeps its lowest value, not its last", "[trend]") {
  // Three of four samples are far above a floor that climbs.
  Player player;
  player.Play(1'500, [](double slots) {
    const bool low = static_cast<int>(slots * 4) % 4 == 1;
    return Use{.mib = 200 + 0.5 * slots + (low ? 0 : 150 + 100 * NoiseAt(slots))};
  });
  CHECK(player.Growth() == Approx(0.5).epsilon(0.03));
  CHECK(player.Memory().baseline.value() / kMiB == Approx(205).margin(1));
}

TEST_CASE("Coarser slots keep the lowest of finer ones", "[trend]") {
  // Low for one slot in fifty only.
  Player player;
  player.Play(3'000, [](double slots) {
    const bool low = static_cast<int>(slots) % 50 == 20;
    return Use{.mib = 200 + 0.25 * slots + (low ? 0 : 250)};
  });
  CHECK(player.Growth() == Approx(0.25).epsilon(0.1));
  CHECK(player.Memory().evidence.from / kMiB < 450);
}

TEST_CASE("What is missing is no zero", "[trend]") {
  // Half an hour in every two.
  Player player;
  for (double slots = 0; slots < 1'500; slots += 120) {
    player.Play(slots + 90, [](double at) { return Climbing(at, 0.5); });
    player.Skip(slots + 120);
  }
  CHECK(player.Growth() == Approx(0.5).epsilon(0.05));
  CHECK(player.suspected);

  Player calm;
  for (double slots = 0; slots < 1'500; slots += 120) {
    calm.Play(slots + 90, Flat(300)).Skip(slots + 120);
  }
  CHECK_FALSE(calm.suspected);
  CHECK(calm.Memory().state == TrendState::kSteady);
}

TEST_CASE("A value that is unknown for a while is a gap", "[trend]") {
  Player player;
  player.Play(1'500, [](double slots) {
    const bool known = static_cast<int>(slots) % 20 < 14;
    return known ? Climbing(slots, 0.5) : Use{};
  });
  CHECK(player.Growth() == Approx(0.5).epsilon(0.05));
}

TEST_CASE("After a gap that is longer than everything a leak is found as before", "[trend]") {
  const double gap = GENERATE(100.0, 1'000.0, 4'096.0, 5'000.0, 100'000.0);
  INFO("slots without a sample: " << gap);
  Player player;
  player.Play(200, Flat(200)).Skip(200 + gap);
  player.Play(200 + gap + 1'300,
              [&](double slots) { return Use{.mib = 200 + 0.5 * (slots - 200 - gap)}; });
  CHECK(player.trend.Valid());
  REQUIRE(player.suspected);
  CHECK(*player.suspected > 200 + gap);
  CHECK(player.Growth() == Approx(0.5).epsilon(0.1));
}

TEST_CASE("Half a year at one sample a slot", "[trend]") {
  Player player(60, 1);
  player.Play(250'000, [](double slots) { return Use{.mib = 300 + 20 * NoiseAt(slots)}; });
  CHECK_FALSE(player.suspected);
  CHECK(player.Memory().state == TrendState::kSteady);
  CHECK(player.trend.Valid());
  player.Play(252'000, [](double slots) { return Use{.mib = 300 + 0.5 * (slots - 250'000)}; });
  CHECK(player.suspected);
}

TEST_CASE("Bytes of a trend are a trend, and others are not", "[trend]") {
  // A slot that stands nowhere else in it.
  constexpr float kOddSlot = 61.789F;
  Trend trend(kProcessShape, kOddSlot, 0);
  TrendSample sample;
  for (int i = 0; i < 5'000; ++i) {
    sample.time = i * 20.0;
    sample.resources[kMemory] = {(200 + i * 0.1) * kMiB, (1'000 - i * 0.1) * kMiB};
    sample.cpu_seconds = i * 0.5;
    trend.Add(sample);
  }
  REQUIRE(trend.Suspected(kMemory));
  const auto good = std::bit_cast<Bytes>(trend);
  CHECK(std::bit_cast<Trend>(good).Valid());

  Bytes bad;
  bad.fill(std::byte{0});
  CHECK_FALSE(std::bit_cast<Trend>(bad).Valid());
  bad.fill(std::byte{0xFF});
  CHECK_FALSE(std::bit_cast<Trend>(bad).Valid());

  for (const float slot : {0.0F, -60.0F, std::numeric_limits<float>::quiet_NaN(),
                           std::numeric_limits<float>::infinity()}) {
    bad = good;
    size_t found = 0;
    for (size_t i = 0; i + sizeof slot <= bad.size(); i += sizeof slot) {
      float there = 0;
      std::memcpy(&there, &bad[i], sizeof there);
      if (there != kOddSlot) continue;
      std::memcpy(&bad[i], &slot, sizeof slot);
      ++found;
    }
    CHECK(found == 1);
    CHECK_FALSE(std::bit_cast<Trend>(bad).Valid());
  }
}

TEST_CASE("Whatever bytes are taken for a trend do no harm", "[trend]") {
  Player player;
  player.Play(700, [](double slots) {
    return Use{.mib = 200 + slots, .limit_mib = 1'000, .cpus = 0.5, .threads = 4};
  });
  const auto good = std::bit_cast<Bytes>(player.trend);
  size_t refused = 0;
  for (size_t i = 0; i < good.size(); ++i) {
    for (const unsigned pattern : {0x00U, 0x01U, 0x7FU, 0x80U, 0xFFU}) {
      Bytes bad = good;
      bad[i] = static_cast<std::byte>(pattern);
      auto trend = std::bit_cast<Trend>(bad);
      if (!trend.Valid()) {
        ++refused;
        continue;
      }
      TrendSample sample;
      for (int k = 1; k < 40; ++k) {
        sample.time = player.Clock(700 + k * 20.0);
        sample.resources[kMemory] = {(900 + k) * kMiB, kMiB};
        trend.Add(sample);
        if (k == 20) trend.Restart(sample.time);
      }
      for (size_t resource = 0; resource < kTrendResources; ++resource) {
        static_cast<void>(trend.Judge(resource));
      }
    }
  }
  CHECK(refused > 100);
}

}  // namespace
}  // namespace memleak
