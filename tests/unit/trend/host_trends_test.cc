#include "exporter/trend/host_trends.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "tests/catch.h"
#include "tests/unit/trend/trends_of_host.h"

namespace memleak {

TEST_CASE("everything that holds memory has a history, at the time of its pass") {
  Host host;
  host.Put(Program(7));
  TreeProcess other = Program(8);
  other.exe = "/usr/bin/other";
  host.Put(other);
  TreeProcess kernel = Program(2);
  kernel.flags = 0x00208040;
  kernel.resident_kib.reset();
  host.Put(kernel);
  TreeProcess zombie = Program(9);
  zombie.state = 'Z';
  zombie.resident_kib.reset();
  zombie.exe = "/usr/bin/zombie";
  host.Put(zombie);
  host.PutCgroup(kUnit, 5000, "7\n");
  HostTrends trends(kSlot);
  host.RefreshNamed(trends, 0);
  host.Refresh(trends, 15);

  using Kind = TrendKey::Kind;
  const double now = kStart + 15;
  const auto name = [](const TreeProcess& process) {
    return std::to_string(process.pid) + ' ' + std::to_string(process.start_ticks) + ' ' +
           std::to_string(process.arg_start);
  };
  // MemTotal without a line for percpu.
  CHECK(LastTimes(trends) == std::map<TrendKey, double>{{{Kind::kProcess, name(Program(7))}, now},
                                                        {{Kind::kProcess, name(other)}, now},
                                                        {{Kind::kGroup, "program"}, now},
                                                        {{Kind::kGroup, "other"}, now},
                                                        {{Kind::kCgroup, kUnit}, now},
                                                        {{Kind::kNode, "used"}, now},
                                                        {{Kind::kNode, "swap"}, now},
                                                        {{Kind::kNode, "slab_unreclaimable"}, now},
                                                        {{Kind::kNode, "page_tables"}, now},
                                                        {{Kind::kNode, "shmem"}, now},
                                                        {{Kind::kNode, "vmalloc"}, now}});
  CHECK(trends.size() == 11);
  CHECK(trends.Of(host.Of(7)) != nullptr);
  CHECK(trends.Of(host.Of(7)) != trends.Of(host.Of(8)));
  CHECK(trends.Of(host.Of(2)) == nullptr);
  CHECK(trends.Of(host.Of(9)) == nullptr);
  CHECK(trends.OfNode(NodeResource::kUsed) != nullptr);
  CHECK(trends.OfNode(NodeResource::kPercpu) == nullptr);
  CHECK(host.snapshot().trends == &trends);
}

TEST_CASE("a small process that leaks is shown before the large ones, and so is its group") {
  Host host([](const ProcTree& tree) {
    Options options = OptionsFor(tree);
    options.process.limit = 1;
    options.group.limit = 1;
    return options;
  });
  TreeProcess large = Program(8, 500 * kMiBInKib);
  large.exe = "/usr/bin/large";
  host.Put(large);
  TreeProcess small = Program(7, 1);
  host.Put(small);
  HostTrends trends(kSlot);
  host.RefreshNamed(trends, 0);
  CHECK(host.Exported(8));
  REQUIRE_FALSE(host.Exported(7));

  Leak(host, trends, small, 100, 60);
  const Trend& trend = *trends.Of(host.Of(7));
  CHECK(trend.Suspected(kFootprintTrend));
  CHECK(host.Of(7).tracked.standing.suspect);
  CHECK_FALSE(host.Of(8).tracked.standing.suspect);
  CHECK(host.Exported(7));
  CHECK_FALSE(host.Exported(8));
  REQUIRE(host.snapshot().groups->size() == 1);
  CHECK(host.snapshot().groups->front()->name == "program");
  CHECK(host.snapshot().suspects_cut == 0);
  CHECK(trend.Judge(kFootprintTrend).growth_per_second.value() ==
        Approx(4.0 * (1 << 20) / kSlot).epsilon(0.05));
}

TEST_CASE("an exec begins another history, and the end of a process ends it") {
  Host host;
  HostTrends trends(kSlot);
  TreeProcess process = Program(7);
  host.Put(process);
  host.RefreshNamed(trends, 0);
  for (int i = 1; i <= 30; ++i) host.Refresh(trends, i * kSlot);
  const size_t size = trends.size();
  REQUIRE(trends.Of(host.Of(7))->Judge(kFootprintTrend).state == TrendState::kSteady);

  process.arg_start += 4096;
  process.exe = "/usr/bin/next";
  host.Put(process);
  host.RefreshNamed(trends, 31 * kSlot);
  CHECK(trends.Of(host.Of(7))->Judge(kFootprintTrend).state == TrendState::kUnknown);
  CHECK(trends.size() == size + 1);  // the new group's; the old one stays for a day

  host.Remove(7);
  host.Refresh(trends, 32 * kSlot);
  CHECK(trends.size() == size);
  // A pid that is used again finds nothing of the one before.
  process.start_ticks = static_cast<uint64_t>((kStart + 32.5 * kSlot) * 100);
  host.Put(process);
  host.Refresh(trends, 33 * kSlot);
  CHECK(trends.Of(host.Of(7))->Judge(kFootprintTrend).state == TrendState::kUnknown);
  CHECK(trends.size() == size + 1);
}

TEST_CASE("the group of a crash loop learns through all of its lives") {
  Host host;
  HostTrends trends(kSlot);
  constexpr int kLives = 20;
  double now = 0;
  for (int life = 0; life < kLives; ++life) {
    TreeProcess process = Program(100 + life, 20 * kMiBInKib);
    if (life > 0) process.start_ticks = static_cast<uint64_t>((kStart + now + 1) * 100);
    for (int i = 0; i < 40; ++i) {
      now += kSlot / 4;
      process.anon_kib += 25 * kMiBInKib;
      process.resident_kib = process.anon_kib;
      host.Put(process);
      // A limit of 1 GiB, where it is killed.
      host.PutCgroup(kUnit, process.anon_kib, std::to_string(process.pid) + "\n", "1073741824");
      if (i == 0) {
        host.RefreshNamed(trends, now);
      } else {
        host.Refresh(trends, now);
      }
    }
    host.Remove(process.pid);
  }
  const Verdict of_group = trends.Of(host.GroupOf("program"))->Judge(kFootprintTrend);
  const Verdict of_cgroup = trends.Of(host.CgroupAt(kUnit))->Judge(kFootprintTrend);
  CHECK(of_group.suspected());
  CHECK(of_cgroup.suspected());
  CHECK(of_group.pattern == TrendPattern::kClimbUntilRestart);
  CHECK(of_group.evidence.restarts == kLives - 1);
  CHECK(of_cgroup.evidence.restarts == kLives - 1);
}

TEST_CASE("a cgroup that vanished goes on where it was when it is there again") {
  Host host;
  HostTrends trends(kSlot);
  host.Put(Program(7));
  host.PutCgroup(kUnit, 5000, "7\n");
  host.RefreshNamed(trends, 0);
  for (int i = 1; i <= 30; ++i) host.Refresh(trends, i * kSlot);
  REQUIRE(trends.Of(host.CgroupAt(kUnit))->Judge(kFootprintTrend).state == TrendState::kSteady);
  const size_t size = trends.size();

  host.RemoveCgroup(kUnit);
  host.Refresh(trends, 31 * kSlot);
  host.Refresh(trends, 32 * kSlot);
  CHECK(trends.size() == size - 1);
  CHECK(LastTimes(trends).count({TrendKey::Kind::kCgroup, kUnit}) == 1);

  TreeProcess next = Program(8);
  next.start_ticks = static_cast<uint64_t>((kStart + 32.5 * kSlot) * 100);
  host.Put(next);
  host.PutCgroup(kUnit, 6000, "8\n");
  host.Refresh(trends, 33 * kSlot);
  CHECK(trends.size() == size + 1);  // its process
  CHECK(trends.Of(host.CgroupAt(kUnit))->Judge(kFootprintTrend).state == TrendState::kSteady);
}

TEST_CASE("of cgroups that come and go a bounded number is remembered, for a day") {
  Host host;
  HostTrends trends(kSlot);
  const size_t many = HostTrends::kMaxVanishedCgroups + 20;
  const auto path = [](size_t i) { return "/job-" + std::to_string(i) + ".service"; };
  host.Put(Program(7));
  for (size_t i = 0; i < many; ++i) {
    TreeProcess process = Program(static_cast<int>(1000 + i));
    host.Put(process);
    host.PutCgroup(path(i), 100, std::to_string(process.pid) + "\n");
  }
  host.RefreshNamed(trends, 60);
  const size_t with_all = trends.size();
  for (size_t i = 0; i < many; ++i) host.RemoveCgroup(path(i));
  host.Refresh(trends, 75);
  host.Refresh(trends, 90);
  CHECK(trends.size() == with_all - many);
  const auto waiting = [&] {
    const auto times = LastTimes(trends);
    return static_cast<size_t>(std::count_if(times.begin(), times.end(), [](const auto& entry) {
      return entry.first.kind == TrendKey::Kind::kCgroup;
    }));
  };
  CHECK(waiting() == HostTrends::kMaxVanishedCgroups);

  host.PutCgroup("/last.service", 100, "7\n");
  host.Refresh(trends, HostTrends::kWaitSeconds + 200);
  host.RemoveCgroup("/last.service");
  host.Refresh(trends, HostTrends::kWaitSeconds + 300);
  host.Refresh(trends, HostTrends::kWaitSeconds + 400);
  CHECK(waiting() == 1);
}

TEST_CASE("what an earlier run knew is taken over by those that it was of") {
  Host host;
  host.Put(Program(7));
  host.PutCgroup(kUnit, 5000, "7\n");
  HostTrends earlier(kSlot);
  host.RefreshNamed(earlier, 0);
  Leak(host, earlier, Program(7), 100, 60);
  REQUIRE(host.Of(7).tracked.standing.suspect);
  const double stopped = 60 + 100 * kSlot;

  HostTrends later(kSlot);
  HostTrends of_another_slot(1);
  TrendKey process;
  earlier.ForEach([&](const TrendKey& key, const Trend& trend) {
    if (key.kind == TrendKey::Kind::kProcess) process = key;
    later.Adopt(key, trend);
    of_another_slot.Adopt(key, trend);
  });
  CHECK(later.size() == 0);
  // Until they are seen they are kept for the next file.
  CHECK(LastTimes(later) == LastTimes(earlier));
  CHECK(LastTimes(of_another_slot).empty());

  // Another model, as after a restart: its processes are newcomers.
  const TreeProcess grown = Program(7, (100 + 401) * kMiBInKib);
  Host again;
  again.Put(grown);
  again.PutCgroup(kUnit, 5000, "7\n");
  again.RefreshNamed(later, stopped + 30);
  CHECK(later.size() == earlier.size());
  CHECK(later.Of(again.Of(7))->Suspected(kFootprintTrend));
  CHECK(later.Of(again.GroupOf("program"))->Suspected(kFootprintTrend));
  CHECK(again.Of(7).tracked.standing.suspect);
  CHECK(later.Of(again.Of(7))->Judge(kFootprintTrend).baseline ==
        earlier.Of(host.Of(7))->Judge(kFootprintTrend).baseline);
  CHECK(later.Of(again.GroupOf("program"))->Judge(kFootprintTrend).evidence.restarts == 0);
  CHECK(LastTimes(later).count(process) == 1);

  // The same pid of another start, or after an exec, is not the one that was known.
  for (const bool exec : {false, true}) {
    HostTrends other(kSlot);
    earlier.ForEach([&](const TrendKey& key, const Trend& trend) { other.Adopt(key, trend); });
    TreeProcess stranger = grown;
    (exec ? stranger.arg_start : stranger.start_ticks) += 1;
    Host third;
    third.Put(stranger);
    third.RefreshNamed(other, stopped + 30);
    CHECK_FALSE(other.Of(third.Of(7))->Suspected(kFootprintTrend));
    CHECK(LastTimes(other).count(process) == 1);  // it still waits
  }
}

TEST_CASE("a group is not fed while a member cannot be read") {
  Host host;
  host.Put(Program(7));
  host.Put(Program(8));
  HostTrends trends(kSlot);
  host.RefreshNamed(trends, 0);
  host.Refresh(trends, 15);
  CHECK(trends.Of(host.GroupOf("program"))->last_time() == kStart + 15);

  TreeProcess broken = Program(8);
  broken.comm = ")";
  host.Put(broken);
  Snapshot& snapshot = host.Look(30);
  for (Process* process : *snapshot.processes) process->readable = process->sample.pid != 8;
  trends.Feed(snapshot);
  CHECK(trends.Of(host.Of(7))->last_time() == kStart + 30);
  CHECK(trends.Of(host.Of(8))->last_time() == kStart + 15);
  CHECK(trends.Of(host.GroupOf("program"))->last_time() == kStart + 15);

  // One of which nothing was known for long does not hold up its group.
  for (int i = 1; i <= 70; ++i) {
    Snapshot& again = host.Look(30 + i * kSlot);
    for (Process* process : *again.processes) process->readable = process->sample.pid != 8;
    trends.Feed(again);
  }
  CHECK(trends.Of(host.Of(8)) == nullptr);
  CHECK(trends.Of(host.GroupOf("program"))->last_time() == kStart + 30 + 70 * kSlot);
}

TEST_CASE("a pass that could not look buries nobody") {
  Host host;
  host.Put(Program(7));
  HostTrends trends(kSlot);
  host.RefreshNamed(trends, 0);
  const size_t size = trends.size();
  Snapshot& snapshot = host.Look(15);
  snapshot.processes_listed = false;
  trends.Feed(snapshot);
  CHECK(trends.size() == size);
  CHECK(trends.Of(host.Of(7))->last_time() == kStart);
  CHECK(trends.OfNode(NodeResource::kUsed)->last_time() == kStart + 15);
}

}  // namespace memleak
