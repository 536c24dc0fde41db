// Collector `node_trend`: whether the node itself leaks, and when it runs out.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeNodeTrendCollector();

inline constexpr CollectorInfo kNodeTrendCollector = {
    .name = "node_trend",
    .help = "growth and leaks of the node's memory by kind, and when it runs out",
    .enabled_by_default = true,
    .needs = {.node = {.meminfo = true}},
    .make = MakeNodeTrendCollector,
};

}  // namespace memleak
