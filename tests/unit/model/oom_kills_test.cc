#include "exporter/model/oom_kills.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>

#include "exporter/host/process/procfs_source.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
constexpr Needs kAll{.processes = true, .memory = true, .cgroups = true};
constexpr double kBoot = 1'700'000'000;
constexpr double kUptime = 5000;  // of the machine when the test's clock starts

const std::string kPodUid = "0c1d7a3e-5b52-4b0e-9a51-3f6d1f2a7c01";
const std::string kId(64, 'a');
const std::string kOtherId(64, 'b');
const std::string kPod = "/kubepods/pod" + kPodUid;
const std::string kContainer = kPod + "/" + kId;
constexpr std::string_view kPodLabels = R"(,namespace="prod",pod="shop-5d4f9c7b8-x2x7q")";

// Seconds since 1970 at a time of the test's clock.
double Unix(double now) { return kBoot + kUptime + now; }

PassTime At(double now) {
  PassTime time;
  time.monotonic = now;
  time.uptime = kUptime + now;
  time.unix_time = Unix(now);
  time.boot_time = kBoot;
  time.tick_rate = 100;
  return time;
}

TreeProcess Program(int pid, const std::string& name) {
  TreeProcess process;
  process.pid = pid;
  process.comm = name.substr(0, 15);
  process.exe = "/usr/bin/" + name;
  return process;
}

// What the log says of a kill at a time of the test's clock.
OomReport Kill(int pid, std::string_view comm, std::string_view cgroup, double now,
               uint64_t anon = 100 * kMiB) {
  OomReport report;
  report.seconds = kUptime + now;
  report.scope = OomScope::kCgroup;
  report.pid = pid;
  report.comm = Comm(comm);
  report.anon = anon;
  report.cgroup = cgroup;
  report.limit_cgroup = cgroup;
  return report;
}

// The model on a tree with a hierarchy of cgroups, a clock of the test's, and a log that is read
// after each pass.
struct World {
  World() {
    tree.Write("passwd", "root:x:0:0::/:\n");
    PutCgroup("", "1\n");
    tree.Put(Program(1, "init"));
  }

  void PutCgroup(const std::string& path, const std::string& pids) {
    const std::filesystem::path folder = tree.path() + "/sys/fs/cgroup" + path;
    std::filesystem::create_directories(folder);
    if (path.empty()) tree.Write(folder / "cgroup.controllers", "memory\n");
    tree.Write(folder / "cgroup.procs", pids);
  }
  void RemoveCgroup(const std::string& path) {
    std::filesystem::remove_all(tree.path() + "/sys/fs/cgroup" + path);
  }
  void NameContainer() {
    const std::filesystem::path root = tree.path();
    std::filesystem::create_directories(root / "var/log/containers");
    std::filesystem::create_directories(root / "var/log/pods" /
                                        ("prod_shop-5d4f9c7b8-x2x7q_" + kPodUid));
    tree.Write(root / "var/log/containers" / ("shop-5d4f9c7b8-x2x7q_prod_web-" + kId + ".log"), "");
  }

  void Pass(double now) {
    REQUIRE(slow_reads.WaitIdle(std::chrono::seconds(20)));
    cgroups.WaitForNames(20);
    time = At(now);
    cgroups.BeginPass(now, static_cast<uint64_t>(time.uptime * time.tick_rate), std::nullopt);
    table.BeginPass(time);
    REQUIRE(source.Read(kAll, table));
    table.EndPass();
    for (const Process* process : table.processes()) {
      if (process->cgroup != nullptr) process->cgroup->NoteMember(process->group, 0, 0);
    }
  }
  // What follows the reading of the log.
  void EndPass() {
    cgroups.EndPass();
    previous = time.unix_time;
  }
  void PassAndEnd(double now) {
    Pass(now);
    EndPass();
  }
  // Three passes, after which names of processes and containers are known.
  void Settle() {
    for (const double now : {0.0, 1.0, 2.0}) PassAndEnd(now);
  }

  const OomKill& Tell(const OomReport& report) {
    kills.Add(report, before_start, pids_match, previous, time, table, cgroups);
    return kills.kills().back();
  }
  Process& Of(int pid) {
    for (Process* process : table.processes()) {
      if (process->sample.pid == pid) return *process;
    }
    FAIL("no process " << pid);
    return *table.processes().front();
  }

  ProcTree tree;
  ProcFs procfs{tree.path()};
  ProcfsSource source{procfs};
  GroupTable groups{100};
  CgroupTable cgroups{tree.path() + "/sys", tree.path(), 100};
  SlowReads slow_reads{
      {.deadline = std::chrono::seconds(20), .max_stuck = 4, .max_queue = 100'000}};
  ProcessTable table{{.min_rss_bytes = 0, .min_age_seconds = 0, .limit = 10},
                     groups,
                     cgroups,
                     slow_reads,
                     procfs.fd(),
                     std::make_shared<const GroupRules>(),
                     std::make_shared<Users>(tree.path() + "/passwd"),
                     At(0)};
  OomKills kills;
  PassTime time;
  double previous = 0;
  bool before_start = false;
  bool pids_match = true;
};

std::string LabelsOf(const World& world) {
  REQUIRE(world.kills.series().size() == 1);
  return world.kills.series()[0].labels;
}

}  // namespace

TEST_CASE("a victim that was seen is found among the dead by pid and comm") {
  World world;
  TreeProcess process = Program(7, "service-with-a-long-name");
  process.swap_kib = 20 * 1024;
  world.tree.Put(process);
  world.PutCgroup("/web.service", "7\n");
  world.Settle();
  world.Of(7).tracked.standing.baseline_bytes = 30 * kMiB;
  world.tree.Remove(7);
  world.PutCgroup("/web.service", "");
  world.Pass(10);
  const OomKill& kill = world.Tell(Kill(7, process.comm, "/web.service", 5));
  CHECK(kill.tracked);
  CHECK(kill.group == "service-with-a-long-name");
  CHECK(kill.time == Unix(5));
  CHECK(kill.baseline_bytes == 30.0 * kMiB);
  CHECK(kill.baseline_ratio == 4.0);  // what was swapped out counts
  CHECK(LabelsOf(world) == R"(group="service-with-a-long-name",scope="cgroup")");
  const OomKills::Series& series = world.kills.series()[0];
  CHECK(series.kills == 1);
  CHECK(series.last_time == Unix(5));
  CHECK(series.last_anon == 100 * kMiB);
  CHECK(series.last_baseline_ratio == 4.0);
}

TEST_CASE("a victim that has not ended yet is found among the living") {
  World world;
  world.tree.Put(Program(7, "service"));
  world.PutCgroup("/web.service", "7\n");
  world.Settle();
  world.Of(7).tracked.standing.baseline_bytes = 50 * kMiB;
  SECTION("still with its memory") {}
  SECTION("and without memory already") {
    TreeProcess zombie = Program(7, "service");
    zombie.state = 'Z';
    zombie.resident_kib.reset();
    world.tree.Put(zombie);
  }
  world.Pass(10);
  const OomKill& kill = world.Tell(Kill(7, "service", "/web.service", 9));
  CHECK(kill.tracked);
  CHECK(kill.group == "service");
  CHECK(kill.baseline_ratio == 2.0);
}

TEST_CASE("a pid under another name is another process") {
  World world;
  world.tree.Put(Program(7, "service"));
  world.Settle();
  world.Pass(10);
  const OomKill& kill = world.Tell(Kill(7, "other", "/", 9));
  CHECK_FALSE(kill.tracked);
  CHECK(kill.group == "other");
  CHECK_FALSE(kill.baseline_ratio);
}

TEST_CASE("of several that had the pid it is the one that ran at that time") {
  World world;
  TreeProcess first = Program(7, "first-life");
  first.comm = "service";
  world.tree.Put(first);
  world.Settle();
  TreeProcess second = Program(7, "second-life");
  second.comm = "service";
  second.start_ticks = static_cast<uint64_t>((kUptime + 5) * 100);
  world.tree.Put(second);
  world.PassAndEnd(10);
  world.PassAndEnd(11);
  TreeProcess third = Program(7, "third-life");
  third.comm = "service";
  third.start_ticks = static_cast<uint64_t>((kUptime + 15) * 100);
  world.tree.Put(third);
  world.PassAndEnd(20);
  world.PassAndEnd(21);
  world.before_start = true;  // so that the log's time is taken as it is
  CHECK(world.Tell(Kill(7, "service", "/", 4)).group == "first-life");
  CHECK(world.Tell(Kill(7, "service", "/", 14)).group == "second-life");
  CHECK(world.Tell(Kill(7, "service", "/", 16)).group == "third-life");
  CHECK_FALSE(world.Tell(Kill(7, "service", "/", -4995)).tracked);
}

TEST_CASE("a baseline that is unknown gives no ratio") {
  World world;
  world.tree.Put(Program(7, "service"));
  world.Settle();
  world.Pass(10);
  OomReport report = Kill(7, "service", "/", 9);
  CHECK_FALSE(world.Tell(report).baseline_bytes);
  CHECK_FALSE(world.Tell(report).baseline_ratio);
  world.Of(7).tracked.standing.baseline_bytes = 0;
  CHECK(world.Tell(report).baseline_bytes == 0.0);
  CHECK_FALSE(world.Tell(report).baseline_ratio);
  world.Of(7).tracked.standing.baseline_bytes = kMiB;
  report.anon.reset();
  CHECK_FALSE(world.Tell(report).baseline_ratio);
  CHECK_FALSE(world.kills.series()[0].last_anon);
}

TEST_CASE("a victim that nobody saw belongs where its cgroup says") {
  World world;
  TreeProcess master = Program(7, "master");
  TreeProcess helper = Program(8, "helper");
  world.tree.Put(master);
  world.tree.Put(helper);
  world.PutCgroup("/web.service", "7\n");
  world.Settle();
  SECTION("where all are of one group") {
    world.Pass(10);
    const OomKill& kill = world.Tell(Kill(99, "child", "/web.service", 9));
    CHECK(kill.group == "master");
    CHECK_FALSE(kill.tracked);
    CHECK_FALSE(kill.baseline_ratio);
  }
  SECTION("also when they have ended") {
    world.tree.Remove(7);
    world.RemoveCgroup("/web.service");
    world.Pass(10);
    CHECK(world.Tell(Kill(99, "child", "/web.service", 9)).group == "master");
  }
  SECTION("but the cgroup next to it says nothing") {
    world.Pass(10);
    CHECK(world.Tell(Kill(99, "child", "/web.service/inner", 9)).group == "child");
    CHECK(world.Tell(Kill(99, "child", "/web", 9)).group == "child");
    CHECK(world.Tell(Kill(99, "child", "web.service", 9)).group == "child");
  }
  SECTION("of several groups it is that of its name") {
    world.PutCgroup("/web.service", "7\n8\n");
    world.PassAndEnd(10);
    CHECK(world.Tell(Kill(99, "helper", "/web.service", 9)).group == "helper");
    CHECK(world.Tell(Kill(99, "child", "/web.service", 9)).group == "child");
  }
  SECTION("nobody's company in the root") {
    world.Pass(10);
    CHECK(world.Tell(Kill(99, "child", "/", 9)).group == "child");
    CHECK(world.Tell(Kill(99, "child", "", 9)).group == "child");
  }
}

TEST_CASE("the names of a container are told with the kill") {
  World world;
  world.NameContainer();
  world.tree.Put(Program(7, "server"));
  world.PutCgroup(kPod, "");
  world.PutCgroup(kContainer, "7\n");
  world.Settle();
  const std::string full =
      R"(group="prod/shop/web",scope="cgroup")" + std::string(kPodLabels) + R"(,container="web")";
  SECTION("of one that was seen") {
    world.tree.Remove(7);
    world.RemoveCgroup(kContainer);
    world.Pass(10);
    world.Tell(Kill(7, "server", kContainer, 9));
    CHECK(LabelsOf(world) == full);
  }
  SECTION("of one that was not") {
    world.Pass(10);
    world.Tell(Kill(99, "child", kContainer, 9));
    CHECK(LabelsOf(world) == full);
  }
  SECTION("of an empty one that is still there") {
    world.tree.Remove(7);
    world.PutCgroup(kContainer, "");
    world.PassAndEnd(10);
    world.Pass(10 + ProcessTable::kDeadSeconds);
    world.Tell(Kill(99, "child", kContainer, 69));
    CHECK(LabelsOf(world) ==
          R"(group="child",scope="cgroup")" + std::string(kPodLabels) + R"(,container="web")");
  }
  SECTION("of one that has gone, those of its pod") {
    world.Pass(10);
    world.Tell(Kill(99, "child", kPod + "/" + kOtherId, 9));
    CHECK(LabelsOf(world) == R"(group="child",scope="cgroup")" + std::string(kPodLabels));
  }
  SECTION("one inside it is another one") {
    world.Pass(10);
    world.Tell(Kill(99, "child", kContainer + "/docker/" + kOtherId, 9));
    CHECK(LabelsOf(world) == R"(group="child",scope="cgroup")");
  }
}

TEST_CASE("where the kernel's pids are not ours, comm and container find the only one that ended") {
  World world;
  world.pids_match = false;
  world.NameContainer();
  for (const int pid : {7, 8}) world.tree.Put(Program(pid, "server"));
  world.tree.Put(Program(9, "other"));
  world.PutCgroup(kContainer, "7\n");
  world.PutCgroup("/docker/" + kOtherId, "8\n9\n");
  world.Settle();
  world.Of(7).tracked.standing.baseline_bytes = 10 * kMiB;
  // As the kernel's first cgroup namespace sees it: ours may be inside.
  const std::string path = "/machine" + kContainer;
  SECTION("one") {
    world.tree.Remove(7);
    world.tree.Remove(8);
    world.Pass(10);
    const OomKill& kill = world.Tell(Kill(70001, "server", path, 9));
    CHECK(kill.tracked);
    CHECK(kill.group == "prod/shop/web");
    CHECK(kill.container.container == "web");
    CHECK(kill.baseline_ratio == 10.0);
  }
  SECTION("one of another name") {
    world.tree.Remove(7);
    world.Pass(10);
    const OomKill& kill = world.Tell(Kill(70001, "child", path, 9));
    CHECK_FALSE(kill.tracked);
    CHECK(kill.group == "prod/shop/web");
  }
  SECTION("one that ended earlier") {
    world.tree.Remove(7);
    world.PassAndEnd(10);
    world.Pass(20);
    CHECK_FALSE(world.Tell(Kill(70001, "server", path, 19)).tracked);
  }
  SECTION("several") {
    world.PutCgroup(kContainer, "7\n8\n");
    world.PutCgroup("/docker/" + kOtherId, "9\n");
    world.PassAndEnd(9);
    world.tree.Remove(7);
    world.tree.Remove(8);
    world.Pass(10);
    const OomKill& kill = world.Tell(Kill(70001, "server", path, 9.5));
    CHECK_FALSE(kill.tracked);
    CHECK_FALSE(kill.baseline_ratio);
    CHECK(kill.group == "prod/shop/web");
  }
  SECTION("its pid is that of somebody else") {
    world.Pass(10);
    CHECK_FALSE(world.Tell(Kill(9, "other", "/", 9)).tracked);
  }
  SECTION("a path without a container is none of ours") {
    world.PutCgroup("/web.service", "9\n");
    world.PassAndEnd(10);
    CHECK(world.Tell(Kill(70001, "child", "/web.service", 9)).group == "child");
  }
  SECTION("whoever has a systemd of his own borrows no names") {
    world.Pass(10);
    const std::string borrowed =
        "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId + ".scope";
    world.Tell(Kill(70001, "child", borrowed, 9));
    CHECK(LabelsOf(world) == R"(group="child",scope="cgroup")");
  }
}

TEST_CASE("from inside a private cgroup namespace a path alone says nothing") {
  World world;
  world.tree.Put(Program(7, "service"));
  world.PutCgroup("/web.service", "7\n");
  SECTION("the tree is a part of the host's: its first process is elsewhere") {
    world.PutCgroup("", "");
  }
  SECTION("it cannot be told: its first process is hidden") { world.tree.Remove(1); }
  world.Settle();
  world.Pass(10);
  CHECK(world.Tell(Kill(99, "child", "/web.service", 9)).group == "child");
  CHECK(world.Tell(Kill(7, "service", "/docker/" + kId + "/web.service", 9)).tracked);
}

TEST_CASE("the time of a kill lies between two reads of the log, whatever its clock says") {
  World world;
  world.Settle();
  world.Pass(10);
  CHECK(world.Tell(Kill(99, "x", "/", 6)).time == Unix(6));
  CHECK(world.Tell(Kill(99, "x", "/", -3000)).time == Unix(2));  // it slept
  CHECK(world.Tell(Kill(99, "x", "/", 11)).time == Unix(10));
  OomReport without_time = Kill(99, "x", "/", 0);
  without_time.seconds = 0;
  CHECK(world.Tell(without_time).time == Unix(10));
  world.previous = Unix(500);  // the wall clock was set back since
  CHECK(world.Tell(Kill(99, "x", "/", 6)).time == Unix(10));

  world.before_start = true;
  CHECK(world.Tell(Kill(99, "x", "/", -3000)).time == Unix(-3000));
  CHECK(world.Tell(Kill(99, "x", "/", 11)).time == Unix(10));
  CHECK_FALSE(world.Tell(without_time).time);
  CHECK_FALSE(world.kills.series()[0].last_time);
}

TEST_CASE("kills before the start make a series that the next one counts up from 0") {
  World world;
  world.Settle();
  world.Pass(10);
  world.before_start = true;
  world.Tell(Kill(99, "x", "/", -3000, 5));
  world.Tell(Kill(100, "x", "/", -2000, 6));
  REQUIRE(world.kills.series().size() == 1);
  CHECK(world.kills.series()[0].kills == 0);
  CHECK(world.kills.series()[0].last_time == Unix(-2000));
  CHECK(world.kills.series()[0].last_anon == uint64_t{6});
  world.before_start = false;
  world.Tell(Kill(101, "x", "/", 9));
  REQUIRE(world.kills.series().size() == 1);
  CHECK(world.kills.series()[0].kills == 1);
  CHECK(world.kills.kills().front().before_start);
  CHECK_FALSE(world.kills.kills().back().before_start);
}

TEST_CASE("what is said of the last kill is of the last kill") {
  World world;
  world.tree.Put(Program(7, "service"));
  world.Settle();
  world.Of(7).tracked.standing.baseline_bytes = 50 * kMiB;
  world.Pass(10);
  world.Tell(Kill(7, "service", "/", 8));
  CHECK(world.kills.series()[0].last_baseline_ratio == 2.0);
  OomReport unseen = Kill(99, "service", "/", 9);
  unseen.anon.reset();
  world.Tell(unseen);
  REQUIRE(world.kills.series().size() == 1);
  CHECK(world.kills.series()[0].kills == 2);
  CHECK(world.kills.series()[0].last_time == Unix(9));
  CHECK_FALSE(world.kills.series()[0].last_anon);
  CHECK_FALSE(world.kills.series()[0].last_baseline_ratio);
}

TEST_CASE("scopes are told apart") {
  World world;
  world.Settle();
  world.Pass(10);
  OomReport report = Kill(99, "x", "/", 9);
  world.Tell(report);
  report.scope = OomScope::kNode;
  world.Tell(report);
  REQUIRE(world.kills.series().size() == 2);
  CHECK(world.kills.series()[0].labels == R"(group="x",scope="cgroup")");
  CHECK(world.kills.series()[1].labels == R"(group="x",scope="node")");
}

TEST_CASE("what comes after two hundred label sets is counted in one for each scope") {
  World world;
  world.Settle();
  world.Pass(10);
  for (int i = 0; i < 1000; ++i) {
    OomReport report = Kill(10'000 + i, "x" + std::to_string(i), "/", 9);
    if (i % 3 == 0) report.scope = OomScope::kNode;
    world.Tell(report);
  }
  world.Tell(Kill(7, "(other)", "/", 9));  // a program of that name is none of them
  const auto& series = world.kills.series();
  CHECK(series.size() == OomKills::kMaxSeries);
  std::set<std::string> labels;
  uint64_t kills = 0;
  uint64_t others = 0;
  for (const OomKills::Series& one : series) {
    labels.insert(one.labels);
    kills += one.kills;
    if (one.labels.find("group=\"(other)\"") != std::string::npos) others += one.kills;
  }
  CHECK(labels.size() == series.size());
  CHECK(labels.count("group=\"(other)\",scope=\"cgroup\"") == 1);
  CHECK(labels.count("group=\"(other)\",scope=\"node\"") == 1);
  CHECK(kills == 1001);
  CHECK(others == 1001 - (OomKills::kMaxSeries - 2));
  world.Tell(Kill(10'001, "x1", "/", 9));  // one that has its own goes on counting there
  CHECK(series[1].kills == 2);

  CHECK(world.kills.kills().size() == OomKills::kMaxKills);
  CHECK(world.kills.kills().back().group == "x1");
}

TEST_CASE("names are hostile") {
  World world;
  world.Settle();
  world.Pass(10);
  CHECK(world.Tell(Kill(99, "", "/", 9)).group == "unknown");
  CHECK(world.Tell(Kill(99, "(kernel)", "/", 9)).group == "kernel");
  CHECK(world.Tell(Kill(99, "a\"b\\c\nd\xff", "/../..//x\n\"", 9)).group ==
        "a\"b\\c\nd\xEF\xBF\xBD");
  CHECK(world.kills.series().back().labels ==
        "group=\"a\\\"b\\\\c\\nd\xEF\xBF\xBD\",scope=\"cgroup\"");
}

}  // namespace memleak
