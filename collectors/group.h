// Collector `group`: every group of processes, memleak_group_*.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeGroupCollector();

inline constexpr CollectorInfo kGroupCollector = {
    .name = "group",
    .help = "groups of processes by program, script or rule: sums, siblings, counters",
    .enabled_by_default = true,
    .needs = {.processes = true,
              .memory = true,
              .fds = true,
              .cgroups = true,
              .node = {.meminfo = true}},
    .make = MakeGroupCollector,
};

}  // namespace memleak
