// The simple page at "/": the largest processes, for a look without Prometheus.
#pragma once

#include <string>
#include <string_view>

#include "exporter/model/snapshot.h"

namespace memleak {

// A whole HTML document of `snapshot`'s largest processes by RSS. Everything from the host is
// escaped; no script, no outside resource.
std::string IndexPage(const Snapshot& snapshot, std::string_view telemetry_path);

}  // namespace memleak
