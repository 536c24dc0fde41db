// The OOM kills since boot, as far as the kernel's log still tells, and whom they hit: the process,
// its group and its container, and how large it was against what it usually held.
//
// The log names a victim by pid, comm and cgroup, as the kernel's first namespaces have them. One
// that was seen while it lived is found among the dead of the last minute. One that was not (born
// and killed between two passes, or killed before the exporter started) belongs where its cgroup
// says, and where that says nothing, to the group of its comm.
//
// One thread (the scraper's lock).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "exporter/host/boot_clock.h"
#include "exporter/host/kernel_log/oom_report.h"
#include "exporter/model/cgroup_table.h"
#include "exporter/model/container_names.h"
#include "exporter/model/process_table.h"

namespace memleak {

struct OomKill {
  OomReport report;
  // Seconds since 1970; absent where the log has no clock and the kill was before our start.
  std::optional<double> time;
  bool before_start = false;  // of the exporter
  bool tracked = false;       // whether the victim was known to us when it died
  std::string group;          // never empty
  ContainerName container;
  std::optional<double> baseline_bytes;  // of its footprint
  // Anonymous memory at death, and what was swapped out when it was last seen, over its baseline.
  std::optional<double> baseline_ratio;
};

class OomKills {
 public:
  static constexpr size_t kMaxKills = 100;  // the newest are kept
  // Label sets, among them one of group "(other)" for each scope: there the kills of all that come
  // later are counted.
  static constexpr size_t kMaxSeries = 200;

  // What is exported of one group, scope and container. What is `last` is of its last kill.
  struct Series {
    std::string labels;  // rendered
    uint64_t kills = 0;  // since the exporter's start; 0 where all were before it
    std::optional<double> last_time;
    std::optional<uint64_t> last_anon;
    std::optional<double> last_baseline_ratio;
  };

  // Takes a kill. `before_start`: it stood in the log when the exporter started. `previous` is when
  // the log was read before, in seconds since 1970: a kill that is told now happened since then.
  // `pids_match`: the kernel's pids are those of the process table.
  void Add(const OomReport& report, bool before_start, bool pids_match, double previous,
           const PassTime& now, const ProcessTable& processes, const CgroupTable& cgroups);

  // Newest last.
  const std::deque<OomKill>& kills() const { return kills_; }
  // In the order of their first kills.
  const std::vector<Series>& series() const { return series_; }

 private:
  Series& SeriesOf(const OomKill& kill);

  std::deque<OomKill> kills_;
  std::vector<Series> series_;
};

}  // namespace memleak
