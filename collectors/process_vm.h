// Collector `process_vm`: the remaining Vm lines of /proc/PID/status, for the record.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeProcessVmCollector();

inline constexpr CollectorInfo kProcessVmCollector = {
    .name = "process_vm",
    .help = "the other Vm lines of /proc/PID/status for the same processes",
    .enabled_by_default = false,
    .needs = {.processes = true, .memory = true},
    .make = MakeProcessVmCollector,
};

}  // namespace memleak
