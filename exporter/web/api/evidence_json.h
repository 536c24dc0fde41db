// What was read of a suspected process, as JSON.
#pragma once

#include "exporter/model/snapshot.h"
#include "exporter/web/api/json.h"

namespace memleak {

// null where nothing was read of it.
Json EvidenceJson(const Process& process, const Snapshot& snapshot);

}  // namespace memleak
