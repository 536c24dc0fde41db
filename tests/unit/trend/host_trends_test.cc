#include "exporter/trend/host_trends.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "exporter/model/host_model.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

namespace fs = std::filesystem;

constexpr double kSlot = 60;
constexpr double kStart = 100'000;  // uptime of the first pass
constexpr uint64_t kGiBInKib = uint64_t{1} << 20;
constexpr uint64_t kMiBInKib = uint64_t{1} << 10;
const std::string kUnit = "/system.slice/web.service";

Options OptionsFor(const ProcTree& tree) {
  Options options;
  options.path.procfs = tree.path();
  options.path.sysfs = tree.path() + "/sys";
  options.path.rootfs = tree.path();
  return options;
}

// A host in a temporary folder whose time is the test's, looked at by the real model.
class Host {
 public:
  explicit Host(Options (*options)(const ProcTree&) = OptionsFor) {
    SetMemory(900 * kGiBInKib);
    model_.emplace(options(tree_), kNeeds);
  }

  // What is available; there is no swap.
  void SetMemory(uint64_t available_kib) {
    tree_.Write("meminfo", "MemTotal: 1073741824 kB\nMemFree: 1 kB\nMemAvailable: " +
                               std::to_string(available_kib) +
                               " kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\nShmem: 1000 kB\n"
                               "SUnreclaim: 2000 kB\nPageTables: 3000 kB\nVmallocUsed: 4000 kB\n");
  }
  void Put(const TreeProcess& process) { tree_.Put(process); }
  void Remove(int pid) { tree_.Remove(pid); }
  // Fills one cgroup of the hierarchy; `pids` one a line.
  void PutCgroup(const std::string& path, uint64_t anon_kib, const std::string& pids,
                 const std::string& limit = "max") {
    const std::string root = "sys/fs/cgroup";
    fs::create_directories(tree_.path() + "/" + root + path);
    if (!fs::exists(tree_.path() + "/" + root + "/cgroup.procs")) {
      tree_.Write(root + "/cgroup.controllers", "memory\n");
      tree_.Write(root + "/cgroup.procs", "");
    }
    const std::string anon = std::to_string(anon_kib * 1024);
    const std::string folder = root + path + "/";
    tree_.Write(folder + "memory.max", limit + "\n");
    tree_.Write(folder + "memory.current", anon + "\n");
    tree_.Write(folder + "memory.swap.current", "0\n");
    tree_.Write(folder + "memory.stat",
                "anon " + anon + "\nfile 0\nkernel 0\nshmem 0\ninactive_anon " + anon +
                    "\nactive_anon 0\ninactive_file 0\nactive_file 0\nslab_reclaimable 0\n");
    tree_.Write(folder + "cgroup.procs", pids);
  }
  void RemoveCgroup(const std::string& path) {
    fs::remove_all(tree_.path() + "/sys/fs/cgroup" + path);
  }

  // One refresh, so many seconds after the first.
  void Refresh(HostTrends& trends, double seconds) {
    tree_.SetUptime(kStart + seconds);
    trends.Feed(model_->Look());
    model_->Choose();
  }
  // The same, once all names are known.
  void RefreshNamed(HostTrends& trends, double seconds) {
    Refresh(trends, seconds);
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (snapshot().counts.pending > 0 && std::chrono::steady_clock::now() < end) {
      std::this_thread::yield();
      model_->Look();
      model_->Choose();
    }
    trends.Feed(model_->Look());
    model_->Choose();
  }
  Snapshot& Look(double seconds) {
    tree_.SetUptime(kStart + seconds);
    return model_->Look();
  }

  const Snapshot& snapshot() const { return model_->snapshot(); }
  const Process& Of(int pid) const {
    const auto& all = *snapshot().processes;
    const auto found = std::find_if(
        all.begin(), all.end(), [&](const Process* process) { return process->sample.pid == pid; });
    REQUIRE(found != all.end());
    return **found;
  }
  const Group& GroupOf(const std::string& name) const {
    const auto& all = *snapshot().all_groups;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Group* group) { return group->name == name; });
    REQUIRE(found != all.end());
    return **found;
  }
  const Cgroup& CgroupAt(const std::string& path) const {
    const auto& all = *snapshot().all_cgroups;
    const auto found = std::find_if(all.begin(), all.end(),
                                    [&](const Cgroup* cgroup) { return cgroup->path == path; });
    REQUIRE(found != all.end());
    return **found;
  }
  bool Exported(int pid) const {
    const auto& exported = *snapshot().exported;
    return std::any_of(exported.begin(), exported.end(),
                       [&](const Process* process) { return process->sample.pid == pid; });
  }

 private:
  static constexpr Needs kNeeds{.processes = true,
                                .memory = true,
                                .fds = true,
                                .limits = true,
                                .cgroups = true,
                                .node = {.meminfo = true}};
  ProcTree tree_;
  std::optional<HostModel> model_;
};

// One that has run for a day when the first pass sees it.
TreeProcess Program(int pid, uint64_t anon_kib = 100 * kMiBInKib) {
  TreeProcess process;
  process.pid = pid;
  process.start_ticks = static_cast<uint64_t>((kStart - 86'400) * 100) + static_cast<uint64_t>(pid);
  process.resident_kib = anon_kib;
  process.anon_kib = anon_kib;
  return process;
}

std::map<TrendKey, double> LastTimes(const HostTrends& trends) {
  std::map<TrendKey, double> times;
  trends.ForEach([&](const TrendKey& key, const Trend& trend) {
    CHECK(times.emplace(key, trend.last_time()).second);
  });
  return times;
}

// A leak of one MiB in each quarter of a slot, for so many slots. The process uses no CPU.
void Leak(Host& host, HostTrends& trends, TreeProcess process, int slots, double from = 0) {
  const uint64_t begin_kib = process.anon_kib;
  for (int i = 0; i <= slots * 4; ++i) {
    process.anon_kib = begin_kib + static_cast<uint64_t>(i) * kMiBInKib;
    process.resident_kib = process.anon_kib;
    host.Put(process);
    host.Refresh(trends, from + i * kSlot / 4);
  }
}

}  // namespace

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
