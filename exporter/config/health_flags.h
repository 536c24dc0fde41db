// The flags of `memleak_exporter health`.
#pragma once

#include <vector>

#include "exporter/config/flag_table.h"
#include "exporter/config/health_options.h"

namespace memleak {

// In the order of --help. `options` must outlive the table.
std::vector<Flag> HealthFlagTable(HealthOptions& options);

}  // namespace memleak
