// The lines in which the kernel tells of an OOM kill, one function for each kind (mm/oom_kill.c and
// mm/memcontrol.c in the kernel's tree).
//
// Pure: no I/O, no state. A line is told by its beginning alone. Names in it hold any byte, so they
// are cut out from where the kernel's own words must stand, and where that is ambiguous they are
// absent.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "exporter/host/kernel_log/oom_report.h"

namespace memleak {

// "Out of memory: Killed process 12 (name) total-vm:4kB, anon-rss:4kB, file-rss:4kB, ...", the last
// line of a kill. Before 5.1 it began with "Killed process".
struct KilledLine {
  std::optional<OomScope> scope;  // absent in the short form
  int32_t pid = 0;
  std::string_view comm;
  std::optional<uint32_t> uid;
  // In bytes.
  std::optional<uint64_t> virtual_memory;
  std::optional<uint64_t> anon;
  std::optional<uint64_t> file;
  std::optional<uint64_t> shmem;
};
std::optional<KilledLine> ParseKilledLine(std::string_view line);

// Whether `line` begins a killed line as far as the name, which may go on in the next line.
bool BeginsKilledLine(std::string_view line);

// "Out of memory: Kill process 12 (name) score 900 or sacrifice child", until 5.0: a child of this
// one may be killed in its stead.
struct ChosenLine {
  OomScope scope = OomScope::kNode;
  int32_t pid = 0;
  std::string_view comm;  // empty when its end cannot be told
};
std::optional<ChosenLine> ParseChosenLine(std::string_view line);

struct OomCgroups {
  std::string_view victim;
  std::string_view limit;  // whose limit was reached; empty when it was no cgroup's
};

// "oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=a,mems_allowed=0,oom_memcg=/a,
// task_memcg=/a/b,task=name,pid=12,uid=0", since 5.0.
inline constexpr std::string_view kOomKillLine = "oom-kill:constraint=";
struct OomKillLine {
  std::optional<OomCgroups> cgroups;
  uint32_t uid = 0;
};
// Nothing when it is not of this victim.
std::optional<OomKillLine> ParseOomKillLine(std::string_view line, int32_t pid,
                                            std::string_view comm);

// "Task in /a/b killed as a result of limit of /a", until 4.20, and not when the node ran out.
inline constexpr std::string_view kTaskInLine = "Task in ";
std::optional<OomCgroups> ParseTaskInLine(std::string_view line);

// "Tasks in /a are going to be killed due to memory.oom.group set", since 4.19: the cgroup.
inline constexpr std::string_view kTasksInLine = "Tasks in ";
std::optional<std::string_view> ParseTasksInLine(std::string_view line);

// "name invoked oom-killer: gfp_mask=...": the first line of a report.
bool IsFirstOomLine(std::string_view line);

}  // namespace memleak
