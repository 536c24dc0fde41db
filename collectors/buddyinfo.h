// Collector `buddyinfo`: the free blocks of the node's memory by size,
// memleak_node_buddy_free_blocks.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeBuddyinfoCollector();

inline constexpr CollectorInfo kBuddyinfoCollector = {
    .name = "buddyinfo",
    .help = "free memory by size of block, from /proc/buddyinfo",
    .enabled_by_default = true,
    .needs = {.node = {.buddyinfo = true}},
    .make = MakeBuddyinfoCollector,
};

}  // namespace memleak
