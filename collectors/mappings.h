// Collector `mappings`: which kind of memory suspects hold.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeMappingsCollector();

inline constexpr CollectorInfo kMappingsCollector = {
    .name = "mappings",
    .help = "of suspects: memory by kind of mapping, from smaps",
    .enabled_by_default = true,
    .needs = {.processes = true, .memory = true, .mappings = true},
    .make = MakeMappingsCollector,
};

}  // namespace memleak
