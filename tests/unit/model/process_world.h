// The model of processes, groups and cgroups on a tree of files, with a clock of the test's.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "exporter/host/process/procfs_source.h"
#include "exporter/model/process_table.h"
#include "tests/catch.h"
#include "tests/unit/support/proc_tree.h"

namespace memleak {

inline constexpr uint64_t kMiB = uint64_t{1} << 20;
inline constexpr Needs kAll{
    .processes = true, .memory = true, .fds = true, .limits = true, .node = {.meminfo = true}};
// Ticks at which the exporter started: the tree's uptime of 5,000 s at 100 Hz.
inline constexpr uint64_t kExporterStart = 500'000;

inline PassTime At(double monotonic) {
  PassTime time;
  time.monotonic = monotonic;
  time.uptime = 5000 + monotonic;
  time.tick_rate = 100;
  return time;
}

// The model on a tree, with a clock of the test's.
struct World {
  explicit World(size_t process_limit = 10, size_t group_limit = 100,
                 const std::vector<GroupRules::Rule>& rules = {})
      : groups(group_limit),
        table({.min_rss_bytes = 16 * kMiB, .min_age_seconds = 30, .limit = process_limit}, groups,
              cgroups, slow_reads, procfs.fd(), std::make_shared<const GroupRules>(rules),
              std::make_shared<Users>(tree.path() + "/passwd"), At(0)) {
    tree.Write("passwd", "root:x:0:0::/:\nweb:x:33:33::/:\n");
  }

  // One pass, with the names of the one before read.
  void Pass(double now) {
    REQUIRE(slow_reads.WaitIdle(std::chrono::seconds(20)));
    cgroups.WaitForNames(20);
    PassWithoutNames(now);
  }
  void PassWithoutNames(double now) {
    const PassTime time = At(now);
    cgroups.BeginPass(now, static_cast<uint64_t>(time.uptime * time.tick_rate), std::nullopt);
    table.BeginPass(time);
    REQUIRE(source.Read(kAll, table));
    table.EndPass();
    for (const Process* process : table.processes()) {
      if (process->cgroup == nullptr) continue;
      process->cgroup->NoteMember(process->group, process->sample.start_ticks, 0);
    }
    table.Choose();
    table.ReadLimits(source);
    cgroups.EndPass();
  }

  const Process* Find(int pid) const {
    for (const Process* process : table.processes()) {
      if (process->sample.pid == pid) return process;
    }
    return nullptr;
  }
  std::string GroupOf(int pid) const {
    const Process* process = Find(pid);
    return process != nullptr && process->group != nullptr ? process->group->name : "";
  }
  bool Exported(int pid) const {
    return std::any_of(table.exported().begin(), table.exported().end(),
                       [&](const Process* process) { return process->sample.pid == pid; });
  }

  ProcTree tree;
  ProcFs procfs{tree.path()};
  ProcfsSource source{procfs};
  GroupTable groups;
  CgroupTable cgroups{tree.path() + "/sys", tree.path(), 100};
  SlowReads slow_reads{
      {.deadline = std::chrono::milliseconds(100), .max_stuck = 4, .max_queue = 100'000}};
  ProcessTable table;
};

inline TreeProcess Web(int pid) {
  TreeProcess process;
  process.pid = pid;
  process.comm = "nginx";
  process.exe = "/usr/sbin/nginx";
  process.uid = 33;
  process.resident_kib = 32 * 1024;
  process.anon_kib = 20 * 1024;
  return process;
}

}  // namespace memleak
