// Collector `meminfo`: the memory of the node, memleak_node_memory_*.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeMeminfoCollector();

inline constexpr CollectorInfo kMeminfoCollector = {
    .name = "meminfo",
    .help = "the node's memory by kind, from /proc/meminfo",
    .enabled_by_default = true,
    .needs = {.node = {.meminfo = true}},
    .make = MakeMeminfoCollector,
};

}  // namespace memleak
