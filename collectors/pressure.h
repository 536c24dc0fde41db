// Collector `pressure`: how long tasks waited for memory, memleak_node_memory_pressure_*.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakePressureCollector();

inline constexpr CollectorInfo kPressureCollector = {
    .name = "pressure",
    .help = "time that tasks waited for memory, from /proc/pressure/memory",
    .enabled_by_default = true,
    .needs = {.node = {.memory_pressure = true}},
    .make = MakePressureCollector,
};

}  // namespace memleak
