#include "exporter/trend/kind_histories.h"

#include <cmath>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

constexpr double kSlot = 60;
constexpr auto kPoints = static_cast<int>(KindHistory::kPoints);

KindPoint PointAt(int slot) {
  const auto value = static_cast<float>(slot);
  return {slot * kSlot, {value, value, value, value, value, value, value}};
}

// A snapshot of processes that are exported.
struct Host {
  Host() {
    snapshot.processes_listed = true;
    snapshot.exported = &exported;
    snapshot.time.tick_rate = 100;
  }
  void Feed(KindHistories& histories, double seconds) {
    snapshot.time.uptime = seconds;
    histories.Feed(snapshot);
  }
  std::vector<const Process*> exported;
  Snapshot snapshot;
};

}  // namespace

TEST_CASE("a kind's points are those of every slot while there are few") {
  KindHistory history;
  CHECK(history.Points().empty());
  for (int slot = 0; slot < kPoints; ++slot) history.Add(PointAt(slot));
  const auto points = history.Points();
  REQUIRE(points.size() == KindHistory::kPoints);
  for (int slot = 0; slot < kPoints; ++slot) {
    CHECK(points[static_cast<size_t>(slot)].time == slot * kSlot);
    CHECK(points[static_cast<size_t>(slot)].Of(KindField::kAnon) == static_cast<float>(slot));
  }
}

TEST_CASE("older points are means, without gap or overlap, and bounded") {
  KindHistory history;
  for (int slot = 0; slot < 20'000; ++slot) {
    history.Add(PointAt(slot));
    if (slot % 7 != 0) continue;
    const auto points = history.Points();
    REQUIRE(points.size() <= KindHistory::kScales * KindHistory::kPoints + 2);
    REQUIRE(points.back().time == slot * kSlot);
    // Each point stands for the slots since the one before it: their mean is in their middle.
    for (size_t i = 1; i < points.size(); ++i) {
      const double step = points[i].time - points[i - 1].time;
      REQUIRE((step == kSlot || step == 8 * kSlot || step == 64 * kSlot));
      REQUIRE(points[i].Of(KindField::kSwap) ==
              Approx((points[i].time - (step - kSlot) / 2) / kSlot));
    }
    // And they reach back as far as can be kept.
    const double reach = slot < 60 ? slot : std::min(slot - 64.0, 58 * 64.0);
    REQUIRE(points.front().time <= (slot - reach) * kSlot);
  }
}

TEST_CASE("an unknown value is no part of a mean") {
  KindHistory history;
  for (int slot = 0; slot < 200; ++slot) {
    KindPoint point = PointAt(10);
    point.time = slot;
    if (slot % 2 == 0) point.values[0] = NAN;
    point.values[1] = NAN;
    history.Add(point);
  }
  const KindPoint first = history.Points().front();
  CHECK(first.values[0] == 10);
  CHECK(std::isnan(first.values[1]));
}

TEST_CASE("what is exported is kept once a slot, and what it holds now stands at the end") {
  Process process;
  process.life = 1;
  process.sample.memory.Set(MemoryField::kAnon, 1000);
  process.sample.threads = 2;
  process.sample.cpu_ticks = 500;
  Host host;
  host.exported = {&process};
  KindHistories histories(kSlot);
  host.Feed(histories, 1000);
  host.Feed(histories, 1015);
  REQUIRE(histories.Of(process, host.snapshot.time).size() == 2);
  CHECK(std::isnan(histories.Of(process, host.snapshot.time)[0].Of(KindField::kCpuShare)));
  process.sample.memory.Set(MemoryField::kAnon, 3000);
  process.sample.cpu_ticks = 3500;
  host.Feed(histories, 1060);
  const auto points = histories.Of(process, host.snapshot.time);
  REQUIRE(points.size() == 2);
  CHECK(points[0].time == 1000);
  CHECK(points[0].Of(KindField::kAnon) == 1000);
  CHECK(points[1].time == 1060);
  CHECK(points[1].Of(KindField::kAnon) == 3000);
  CHECK(points[1].Of(KindField::kThreads) == 2);
  // 30 seconds of CPU in a minute.
  CHECK(points[1].Of(KindField::kCpuShare) == 0.5F);
  CHECK(std::isnan(points[1].Of(KindField::kOpenFds)));
}

TEST_CASE("what is no longer exported is kept for some minutes, another life not at all") {
  Process process;
  process.life = 1;
  Host host;
  host.exported = {&process};
  KindHistories histories(kSlot);
  host.Feed(histories, 1000);
  host.exported.clear();
  host.Feed(histories, 1000 + 9 * kSlot);
  CHECK(histories.Of(process, host.snapshot.time).size() == 2);
  host.Feed(histories, 1000 + 12 * kSlot);
  CHECK(histories.size() == 0);
  CHECK(histories.Of(process, host.snapshot.time).empty());

  host.exported = {&process};
  host.Feed(histories, 5000);
  process.life = 2;
  CHECK(histories.Of(process, host.snapshot.time).empty());
}

TEST_CASE("kinds are kept of so many processes at most, and a pass over them allocates nothing") {
  std::vector<Process> processes(KindHistories::kMaxProcesses + 10);
  Host host;
  for (size_t i = 0; i < processes.size(); ++i) {
    processes[i].life = i + 1;
    host.exported.push_back(&processes[i]);
  }
  KindHistories histories(kSlot);
  host.Feed(histories, 1000);
  CHECK(histories.size() == KindHistories::kMaxProcesses);
  const size_t before = AllocationsOfThisThread();
  for (int slot = 1; slot < 100; ++slot) host.Feed(histories, 1000 + slot * kSlot);
  CHECK(AllocationsOfThisThread() == before);
}

}  // namespace memleak
