#include "collectors/oom.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/host/boot_clock.h"
#include "exporter/host/procfs.h"
#include "exporter/host/slow_reads.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {
namespace {

std::string Collected(const Snapshot& snapshot) {
  MetricWriter writer(Format::kText);
  MakeOomCollector()->Collect(snapshot, writer);
  return std::string(writer.Finish());
}

// Kills on a host of which nothing else is known.
struct Kills {
  void Add(std::string_view comm, double seconds, std::optional<uint64_t> anon, bool before_start) {
    OomReport report;
    report.seconds = seconds;
    report.scope = OomScope::kCgroup;
    report.comm = Comm(comm);
    report.anon = anon;
    PassTime now;
    now.boot_time = 1'700'000'000;
    now.unix_time = now.boot_time + 1000;
    kills.Add(report, before_start, false, now.boot_time, now, table, cgroups);
  }

  ProcTree tree;
  ProcFs procfs{tree.path()};
  GroupTable groups{100};
  CgroupTable cgroups{tree.path() + "/sys", tree.path(), 100};
  SlowReads slow_reads{
      {.deadline = std::chrono::milliseconds(100), .max_stuck = 4, .max_queue = 100}};
  ProcessTable table{{.min_rss_bytes = 0, .min_age_seconds = 0, .limit = 1},
                     groups,
                     cgroups,
                     slow_reads,
                     procfs.fd(),
                     std::make_shared<const GroupRules>(),
                     std::make_shared<Users>(tree.path() + "/passwd"),
                     PassTime()};
  OomKills kills;
};

}  // namespace

TEST_CASE("where the kernel's log is not read nothing is said of kills, and nothing failed") {
  CHECK(Collected(Snapshot()).empty());
}

TEST_CASE("a log without kills leaves no trace") {
  Kills host;
  Snapshot snapshot;
  snapshot.oom_kills = &host.kills;
  CHECK(Collected(snapshot).empty());
}

TEST_CASE("each kill shows how many, when and how large; what is unknown is absent") {
  Kills host;
  host.Add("before", 10.5, 4096, true);
  host.Add("since", 20, 8192, false);
  host.Add("since", 30, std::nullopt, false);
  host.Add("timeless", 0, 1, true);
  Snapshot snapshot;
  snapshot.oom_kills = &host.kills;
  std::string samples;
  const std::string text = Collected(snapshot);
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    if (text[at] != '#') samples.append(text, at, end - at + 1);
    at = end + 1;
  }
  CHECK(samples ==
        R"(memleak_oom_kills_total{group="before",scope="cgroup"} 0
memleak_oom_kills_total{group="since",scope="cgroup"} 2
memleak_oom_kills_total{group="timeless",scope="cgroup"} 0
memleak_oom_last_kill_timestamp_seconds{group="before",scope="cgroup"} 1700000010.5
memleak_oom_last_kill_timestamp_seconds{group="since",scope="cgroup"} 1700000030
memleak_oom_last_kill_anon_memory_bytes{group="before",scope="cgroup"} 4096
memleak_oom_last_kill_anon_memory_bytes{group="timeless",scope="cgroup"} 1
)");
}

}  // namespace memleak
