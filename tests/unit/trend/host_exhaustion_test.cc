// When what runs out, over processes, groups, cgroups and the node; and siblings.
#include <cmath>
#include <string>

#include "exporter/trend/host_trends.h"
#include "tests/catch.h"
#include "tests/unit/trend/trends_of_host.h"

namespace memleak {

TEST_CASE("a leak that will hit a limit within minutes is a suspect within a minute") {
  Host host;
  HostTrends trends(kSlot);
  TreeProcess process = Program(7);
  host.Put(process);
  host.PutCgroup(kUnit, process.anon_kib, "7\n", "2147483648");
  host.RefreshNamed(trends, 0);
  for (int i = 1; i <= 4; ++i) {
    process.anon_kib += 50 * kMiBInKib;
    process.resident_kib = process.anon_kib;
    host.Put(process);
    host.PutCgroup(kUnit, process.anon_kib, "7\n", "2147483648");
    host.Refresh(trends, i * 15);
  }
  // (2048 - 300) MiB at 200 MiB a minute.
  const double expected = 1748.0 / 200 * 60;
  for (const Standing* standing :
       {&host.Of(7).tracked.standing, &host.GroupOf("program").tracked.standing,
        &host.CgroupAt(kUnit).tracked.standing}) {
    CHECK(standing->suspect);
    CHECK(standing->exhaustion_seconds == Approx(expected));
    CHECK(standing->fd_exhaustion_seconds == Standing::kNever);
  }
  CHECK_FALSE(host.snapshot().node_standing.suspect);
}

TEST_CASE("a group runs out with the first of its members") {
  Host host;
  HostTrends trends(kSlot);
  TreeProcess leaking = Program(7);
  host.Put(leaking);
  host.Put(Program(8));
  // Another program in the same cgroup: that one does not speak for the group.
  TreeProcess other = Program(9, 1);
  other.exe = "/usr/bin/other";
  host.Put(other);
  host.PutCgroup("/system.slice/a.service", leaking.anon_kib, "7\n9\n", "2147483648");
  host.PutCgroup("/system.slice/b.service", leaking.anon_kib, "8\n", "2147483648");
  host.RefreshNamed(trends, 0);
  for (int i = 1; i <= 4; ++i) {
    leaking.anon_kib += 50 * kMiBInKib;
    leaking.resident_kib = leaking.anon_kib;
    host.Put(leaking);
    host.PutCgroup("/system.slice/a.service", leaking.anon_kib, "7\n9\n", "2147483648");
    host.Refresh(trends, i * 15);
  }
  const Group& group = host.GroupOf("program");
  const Trend& own = *trends.Of(group);
  // By itself the group has what the node has left.
  CHECK(own.ExhaustionSeconds(kFootprintTrend) > 10'000);
  CHECK(group.tracked.standing.exhaustion_seconds ==
        host.Of(7).tracked.standing.exhaustion_seconds);
  CHECK(group.tracked.standing.suspect);
  CHECK(host.GroupOf("other").tracked.standing.exhaustion_seconds == Standing::kNever);
}

TEST_CASE("a group runs out with a cgroup that is all its own") {
  Host host;
  HostTrends trends(kSlot);
  host.Put(Program(7));
  // What its members hold does not grow: workers that live too briefly to be seen.
  host.PutCgroup(kUnit, 200 * kMiBInKib, "7\n", "2147483648");
  host.RefreshNamed(trends, 0);
  for (uint64_t i = 1; i <= 4; ++i) {
    host.PutCgroup(kUnit, (200 + 50 * i) * kMiBInKib, "7\n", "2147483648");
    host.Refresh(trends, static_cast<double>(i) * 15);
  }
  CHECK(host.Of(7).tracked.standing.exhaustion_seconds == Standing::kNever);
  CHECK(host.GroupOf("program").tracked.standing.exhaustion_seconds ==
        Approx((2048.0 - 400) / 200 * 60));
}

TEST_CASE("descriptors run out at the process's own limit, seen before it is exported") {
  Host host;
  HostTrends trends(kSlot);
  TreeProcess process = Program(7, 1);
  process.fds = 300;
  host.Put(process);
  host.RefreshNamed(trends, 0);
  for (int i = 1; i <= 5; ++i) {
    process.fds += 20;
    host.Put(process);
    host.Refresh(trends, i * 15);
  }
  // 1024 - 400 at 80 a minute.
  CHECK(host.Of(7).tracked.standing.fd_exhaustion_seconds == Approx(624.0 / 80 * 60));
  CHECK(host.GroupOf("program").tracked.standing.fd_exhaustion_seconds ==
        host.Of(7).tracked.standing.fd_exhaustion_seconds);
  CHECK(host.Of(7).tracked.standing.suspect);
  CHECK(host.Exported(7));
}

TEST_CASE("a group without processes keeps what it learned and runs out of nothing") {
  Host host;
  HostTrends trends(kSlot);
  host.Put(Program(7));
  host.RefreshNamed(trends, 0);
  Leak(host, trends, Program(7), 100, 60);
  const double now = 60 + 100 * kSlot;
  REQUIRE(host.GroupOf("program").tracked.standing.suspect);
  REQUIRE(std::isfinite(host.GroupOf("program").tracked.standing.exhaustion_seconds));
  host.Remove(7);
  host.Refresh(trends, now + 15);
  CHECK(host.GroupOf("program").tracked.standing.suspect);
  CHECK(host.GroupOf("program").tracked.standing.exhaustion_seconds == Standing::kNever);
  // After an hour nothing is known of today.
  host.Refresh(trends, now + HostTrends::kStaleSlots * kSlot + 15);
  CHECK_FALSE(host.GroupOf("program").tracked.standing.suspect);
  CHECK(trends.Of(host.GroupOf("program")) == nullptr);
}

TEST_CASE("the node runs out with what it has available") {
  Host host;
  HostTrends trends(kSlot);
  host.RefreshNamed(trends, 0);
  for (uint64_t i = 0; i < 6; ++i) {
    host.SetMemory((900 - 10 * i) * kGiBInKib);
    host.Refresh(trends, static_cast<double>(i) * 15 + 1);
  }
  // 850 GiB at 40 GiB a minute.
  CHECK(host.snapshot().node_standing.exhaustion_seconds == Approx(850.0 / 40 * 60));
  CHECK(host.snapshot().node_standing.suspect);
}

TEST_CASE("of siblings the oldest is the largest") {
  Host host;
  HostTrends trends(kSlot);
  for (int pid = 1; pid <= 100; ++pid) {
    TreeProcess process = Program(pid, static_cast<uint64_t>(101 - pid) * kMiBInKib);
    process.start_ticks = static_cast<uint64_t>(pid) * 6001;
    host.Put(process);
  }
  host.RefreshNamed(trends, 0);
  host.Refresh(trends, kSlot);
  const auto correlation = [](const Trend* trend) {
    return trend->Judge(kFootprintTrend).evidence.sibling_correlation.value_or(0);
  };
  for (const int pid : {1, 50, 100}) CHECK(correlation(trends.Of(host.Of(pid))) > 0.9);
  CHECK(correlation(trends.Of(host.GroupOf("program"))) > 0.9);
}

}  // namespace memleak
