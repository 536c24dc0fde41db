// Collector `oom`: OOM kills: how many, when the last was, and how large its victim had grown.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeOomCollector();

inline constexpr CollectorInfo kOomCollector = {
    .name = "oom",
    .help = "what the kernel killed for want of memory, from its log",
    .enabled_by_default = true,
    .needs = {.processes = true,
              .memory = true,
              .cgroups = true,
              .kernel_log = true,
              .node = {.vmstat = true}},
    .make = MakeOomCollector,
};

}  // namespace memleak
