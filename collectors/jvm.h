// Collector `jvm`: the heap of every HotSpot JVM that is exported one by one.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeJvmCollector();

inline constexpr CollectorInfo kJvmCollector = {
    .name = "jvm",
    .help = "of every JVM that is shown: heap, metaspace and collections, without attaching",
    .enabled_by_default = true,
    .needs = {.processes = true, .memory = true, .jvm = true},
    .make = MakeJvmCollector,
};

}  // namespace memleak
