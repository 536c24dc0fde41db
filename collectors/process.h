// Collector `process`: each of the largest processes, memleak_process_*.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeProcessCollector();

inline constexpr CollectorInfo kProcessCollector = {
    .name = "process",
    .help = "the largest processes one by one: memory by kind, descriptors, CPU, faults",
    .enabled_by_default = true,
    .needs = {.processes = true,
              .memory = true,
              .fds = true,
              .limits = true,
              .cgroups = true,
              .node = {.meminfo = true}},
    .make = MakeProcessCollector,
};

}  // namespace memleak
