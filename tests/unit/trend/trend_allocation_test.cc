#include <array>

#include "exporter/trend/trend.h"
#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

constexpr double kSlot = 60;
constexpr double kMiB = 1 << 20;
constexpr TrendShape kShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};

// Four times a slot: grows with teeth in it, under a load that comes and goes.
TrendSample SampleAt(int number) {
  TrendSample sample;
  sample.time = number * kSlot / 4;
  const double grown = 300 * kMiB + number * kMiB / 8 + (number % 7) * kMiB;
  sample.resources[0] = {grown, 4096 * kMiB - grown};
  sample.resources[1] = {(number % 100) * kMiB, 4096 * kMiB - grown};
  sample.resources[2] = {40.0 + number % 3, 1000};
  sample.cpu_seconds = number * (number % 400 < 200 ? 0.01 : 1.0);
  sample.threads = 8 + number % 5;
  sample.connections = number % 50;
  return sample;
}

TEST_CASE("A sample allocates nothing, whatever it brings about", "[trend]") {
  // So many that the coarsest slots come around, with restarts and a gap.
  constexpr int kSamples = 30'000;
  std::array<TrendSample, 64> samples;
  Trend trend(kShape, kSlot, 0);
  size_t allocated = 0;
  bool suspected = false;
  for (int begin = 0; begin < kSamples; begin += static_cast<int>(samples.size())) {
    for (size_t i = 0; i < samples.size(); ++i) samples[i] = SampleAt(begin + static_cast<int>(i));
    const size_t before = AllocationsOfThisThread();
    for (const TrendSample& sample : samples) {
      trend.Add(sample);
      suspected = suspected || trend.Suspected(0);
    }
    trend.NoteSiblings(0.9);
    allocated += AllocationsOfThisThread() - before;
  }
  CHECK(suspected);

  const size_t before = AllocationsOfThisThread();
  double time = trend.last_time();
  for (int life = 0; life < 5; ++life) {
    trend.Restart(time + 1);
    time += life == 3 ? 1e7 : 100 * kSlot;
    TrendSample sample = SampleAt(0);
    sample.time = time;
    trend.Add(sample);
  }
  allocated += AllocationsOfThisThread() - before;
  CHECK(allocated == 0);
}

TEST_CASE("A verdict allocates nothing", "[trend]") {
  Trend trend(kShape, kSlot, 0);
  for (int i = 0; i < 6'000; ++i) trend.Add(SampleAt(i));
  const size_t before = AllocationsOfThisThread();
  const Verdict verdict = trend.Judge(0);
  const double exhaustion = trend.ExhaustionSeconds(0);
  const size_t allocated = AllocationsOfThisThread() - before;
  CHECK(verdict.state == TrendState::kLeaking);
  CHECK(exhaustion > 0);
  CHECK(allocated == 0);
}

}  // namespace
}  // namespace memleak
