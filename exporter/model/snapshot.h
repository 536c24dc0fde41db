// What one refresh saw of the host. Each stage adds its part; collectors read it, and nothing
// changes it while they run.
//
// It points into the model, which owns everything: valid until the next refresh, under the
// scraper's lock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/boot_clock.h"
#include "exporter/host/node/node_reader.h"
#include "exporter/host/process/process_source.h"
#include "exporter/model/cgroup_table.h"
#include "exporter/model/evidence/evidence_table.h"
#include "exporter/model/group_table.h"
#include "exporter/model/node_rates.h"
#include "exporter/model/oom_kills.h"
#include "exporter/model/process_table.h"

namespace memleak {

class HostTrends;
class KindHistories;

struct Snapshot {
  uint64_t number = 0;  // counts the looks at the host
  PassTime time;

  std::string_view source;         // of the processes: "procfs" or "bpf"
  std::string_view source_reason;  // why it is not the one that was asked for, if so
  uint64_t source_failures = 0;    // of one that had begun well
  bool processes_listed = false;   // false: the pass failed, everything of processes is empty
  const std::vector<Process*>* processes = nullptr;        // all
  const std::vector<const Process*>* exported = nullptr;   // one by one
  const std::vector<Group*>* all_groups = nullptr;         // but what was forgotten of them
  const std::vector<const Group*>* groups = nullptr;       // one by one
  const std::optional<GroupSums>* other_groups = nullptr;  // the cut ones, if any
  PassCounts counts;
  DeniedCounts denied{};
  uint64_t truncated_fd_counts = 0;
  int slow_reads_stuck = 0;

  const std::vector<Cgroup*>* all_cgroups = nullptr;    // whether they are exported or not
  const std::vector<const Cgroup*>* cgroups = nullptr;  // one by one; nullptr: not looked at
  CgroupTable::Counts cgroup_counts;

  const OomKills* oom_kills = nullptr;  // nullptr: the kernel's log was not read
  uint64_t kernel_messages_lost = 0;
  EvidenceTable::Counts evidence_reads{};

  std::string node_name;  // empty when unknown
  NodeSample node;
  NodeRates node_rates;
  std::optional<uint64_t> node_headroom;  // MemAvailable and free swap

  // What the trend stage adds before anything is chosen; the model knows it by its name only.
  const HostTrends* trends = nullptr;
  Standing node_standing;
  uint64_t suspects_cut = 0;  // processes, groups and cgroups that are suspects and did not fit
  const KindHistories* kinds = nullptr;  // added after the choice; nullptr: nobody shows them

  // To the nearest limit of what is in this cgroup. The node's where it is not known, as for a
  // newcomer, unless it may be in one that was not looked at.
  std::optional<uint64_t> Headroom(const Cgroup* cgroup) const {
    if (cgroup != nullptr) return cgroup->headroom;
    return cgroup_counts.skipped == 0 ? node_headroom : std::nullopt;
  }
};

}  // namespace memleak
