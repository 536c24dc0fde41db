// Collector `swap`: the node's swap, memleak_node_swap_*.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeSwapCollector();

inline constexpr CollectorInfo kSwapCollector = {
    .name = "swap",
    .help = "the node's swap, from /proc/meminfo",
    .enabled_by_default = true,
    .needs = {.node = {.meminfo = true}},
    .make = MakeSwapCollector,
};

}  // namespace memleak
