// Collector `slab`: the kernel's largest unreclaimable caches, memleak_node_slab_cache_bytes.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeSlabCollector();

inline constexpr CollectorInfo kSlabCollector = {
    .name = "slab",
    .help =
        "the kernel's largest unreclaimable caches, from /proc/slabinfo (root, or "
        "CAP_DAC_READ_SEARCH)",
    .enabled_by_default = true,
    .needs = {.node = {.slab = true}},
    .make = MakeSlabCollector,
};

}  // namespace memleak
