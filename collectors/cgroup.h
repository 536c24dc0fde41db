// Collector `cgroup`: containers, systemd units and limited cgroups, memleak_cgroup_*.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeCgroupCollector();

inline constexpr CollectorInfo kCgroupCollector = {
    .name = "cgroup",
    .help = "containers, systemd units and limited cgroups: memory by kind, limit, headroom",
    .enabled_by_default = true,
    .needs = {.processes = true, .cgroups = true, .node = {.meminfo = true}},
    .make = MakeCgroupCollector,
};

}  // namespace memleak
