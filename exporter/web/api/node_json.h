// /api/v1/node: the node, and the exporter that tells of it.
#pragma once

#include <string>

#include "exporter/config/options.h"
#include "exporter/model/snapshot.h"
#include "exporter/web/api/json.h"

namespace memleak {

Json NodeJson(const Snapshot& snapshot, const Options& options, double start_time);

}  // namespace memleak
