// Collector `fd_kinds`: what the open descriptors of suspects are.
#pragma once

#include "collectors/collector.h"

namespace memleak {

std::unique_ptr<Collector> MakeFdKindsCollector();

inline constexpr CollectorInfo kFdKindsCollector = {
    .name = "fd_kinds",
    .help = "of suspects: open descriptors by kind",
    .enabled_by_default = true,
    .needs = {.processes = true, .memory = true, .fds = true, .fd_kinds = true},
    .make = MakeFdKindsCollector,
};

}  // namespace memleak
