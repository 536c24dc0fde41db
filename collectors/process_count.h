// Collector `process_count`: how many processes and threads the node has, and whether some are
// hidden.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeProcessCountCollector();

inline constexpr CollectorInfo kProcessCountCollector = {
    .name = "process_count",
    .help = "how many processes and threads the node has",
    .enabled_by_default = true,
    .needs = {.processes = true, .node = {.threads = true, .hidepid = true}},
    .make = MakeProcessCountCollector,
};

}  // namespace memleak
