// Collector `vmstat`: what the node swapped, faulted and killed.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeVmstatCollector();

inline constexpr CollectorInfo kVmstatCollector = {
    .name = "vmstat",
    .help = "swapping, major faults and OOM kills of the node, from /proc/vmstat",
    .enabled_by_default = true,
    .needs = {.node = {.vmstat = true}},
    .make = MakeVmstatCollector,
};

}  // namespace memleak
