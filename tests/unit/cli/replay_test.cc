#include "exporter/cli/replay.h"

#include <string>

#include "tests/catch.h"
#include "tests/unit/cli/support.h"

namespace memleak {
namespace {

constexpr double kMiB = 1048576;
constexpr double kStart = 1795183681;

RecordedSample SampleAt(double time, double value) {
  RecordedSample sample;
  sample.time = time;
  sample.value = value;
  return sample;
}

// Minutes of a value that grows by `per_minute`.
void Grow(Replay& replay, int minutes, double from, double per_minute) {
  const double begin = replay.samples() == 0 ? kStart : replay.outline().last().time + 60;
  for (int i = 0; i < minutes; ++i) replay.Add(SampleAt(begin + i * 60, from + i * per_minute));
}

TEST_CASE("a climb without end is suspected, from some sample to the last") {
  Replay replay(ReplaySettings{});
  Grow(replay, 3000, 300 * kMiB, kMiB / 10);
  CHECK(replay.suspected());
  REQUIRE(replay.suspected_intervals().size() == 1);
  CHECK(replay.suspected_intervals()[0].from > kStart + 600);
  CHECK(replay.suspected_intervals()[0].to == kStart + 2999 * 60);
  const ReplayMoment now = replay.Now();
  CHECK(now.resource == SeriesResource::kMemory);
  CHECK(now.verdict.state == TrendState::kLeaking);
  CHECK(!now.exhaustion_seconds);
}

TEST_CASE("a suspicion that ends has an end") {
  Replay replay(ReplaySettings{});
  Grow(replay, 3000, 300 * kMiB, kMiB / 10);
  Grow(replay, 6000, 600 * kMiB, 0);
  CHECK(!replay.suspected());
  REQUIRE(replay.suspected_intervals().size() == 1);
  const SuspectedInterval interval = replay.suspected_intervals()[0];
  CHECK(interval.from < interval.to);
  CHECK(interval.to < kStart + 8999 * 60);
  // The first sample that is no longer suspected ends it.
  CHECK(std::fmod(interval.to - kStart, 60) == 0);
}

TEST_CASE("a value that does not grow is not suspected") {
  Replay replay(ReplaySettings{});
  Grow(replay, 3000, 300 * kMiB, 0);
  CHECK(replay.suspected_intervals().empty());
  CHECK(replay.Now().verdict.state == TrendState::kSteady);
}

TEST_CASE("the limit of the series is that of its last sample, unless one is given") {
  RecordedSample sample = SampleAt(kStart, kMiB);
  sample.limit = 5 * kMiB;
  Replay replay(ReplaySettings{});
  CHECK(!replay.limit());
  replay.Add(sample);
  CHECK(replay.limit() == 5 * kMiB);
  replay.Add(SampleAt(kStart + 60, kMiB));
  CHECK(!replay.limit());

  ReplaySettings settings;
  settings.limit = 7 * kMiB;
  Replay given(settings);
  given.Add(sample);
  CHECK(given.limit() == 7 * kMiB);
}

TEST_CASE("a limit makes an exhaustion") {
  ReplaySettings settings;
  settings.limit = 1000 * kMiB;
  Replay replay(settings);
  Grow(replay, 3000, 300 * kMiB, kMiB / 10);
  REQUIRE(replay.Now().exhaustion_seconds);
  // 400 MiB are left, at 6 MiB/h.
  const double hours = *replay.Now().exhaustion_seconds / 3600;
  CHECK(hours > 0.95 * 400 / 6);
  CHECK(hours < 1.05 * 400 / 6);
}

TEST_CASE("descriptors beside the memory are suspected by themselves, and named") {
  Replay replay(ReplaySettings{});
  for (int i = 0; i < 3000; ++i) {
    RecordedSample sample = SampleAt(kStart + i * 60, 300 * kMiB);
    sample.records_fds = true;
    sample.fds = 40 + i;
    replay.Add(sample);
  }
  CHECK(replay.suspected());
  CHECK(replay.Now().resource == SeriesResource::kFds);
  CHECK(replay.Now().verdict.state == TrendState::kLeaking);
  REQUIRE(replay.VerdictOfDescriptors());
  CHECK(!replay.VerdictOfValues().suspected());
}

TEST_CASE("values that are descriptors") {
  ReplaySettings settings;
  settings.resource = SeriesResource::kFds;
  settings.limit = 10'000;
  Replay replay(settings);
  Grow(replay, 3000, 40, 1);
  CHECK(replay.suspected());
  CHECK(replay.Now().resource == SeriesResource::kFds);
  CHECK(replay.Now().exhaustion_seconds);
  CHECK(!replay.VerdictOfDescriptors());
}

TEST_CASE("a change of start_time is a restart, and nothing else is") {
  Replay replay(ReplaySettings{});
  const auto add = [&](int minute, double start) {
    RecordedSample sample = SampleAt(kStart + minute * 60, kMiB);
    sample.start_time = start;
    replay.Add(sample);
    return replay.outline().restarts();
  };
  CHECK(add(0, kStart - 100) == 0);
  CHECK(add(1, kStart - 100) == 0);
  CHECK(add(2, RecordedSample::kAbsent) == 0);
  CHECK(add(3, kStart - 100) == 0);
  CHECK(add(4, kStart + 230) == 1);
  CHECK(add(5, RecordedSample::kAbsent) == 1);
  CHECK(add(6, kStart + 350) == 2);
  // A clock that is not to be believed.
  CHECK(add(7, kStart + 1e6) == 3);
  CHECK(add(8, -5) == 4);
}

TEST_CASE("a crash loop is one leak") {
  ReplaySettings settings;
  settings.limit = 512 * kMiB;
  Replay replay(settings);
  for (int life = 0; life < 12; ++life) {
    for (int i = 0; i < 120; ++i) {
      RecordedSample sample = SampleAt(kStart + (life * 120 + i) * 60, (50 + i * 3.8) * kMiB);
      sample.restarted = i == 0 && life > 0;
      replay.Add(sample);
    }
  }
  CHECK(replay.outline().restarts() == 11);
  CHECK(replay.suspected());
}

TEST_CASE("a year without a sample is no reason to stop") {
  Replay replay(ReplaySettings{});
  Grow(replay, 100, 300 * kMiB, kMiB);
  replay.Add(SampleAt(kStart + 3.2e7, 300 * kMiB));
  replay.Add(SampleAt(kStart + 2.4e11, 300 * kMiB));
  CHECK(replay.samples() == 102);
  CHECK(!replay.suspected());
}

}  // namespace
}  // namespace memleak
