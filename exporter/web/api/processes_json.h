// /api/v1/processes and /api/v1/processes/PID.
#pragma once

#include <cstdint>
#include <string_view>

#include "exporter/host/process/memory_details.h"
#include "exporter/model/snapshot.h"
#include "exporter/web/api/json.h"
#include "exporter/web/api/list_query.h"

namespace memleak {

const ListRules& ProcessListRules();
Json ProcessesJson(const ListQuery& query, const Snapshot& snapshot);

// The process of this pid in the last pass; nullptr where there is none.
const Process* FindProcess(const Snapshot& snapshot, int32_t pid);
// All that the snapshot has of one process.
Json ProcessJson(const Process& process, const Snapshot& snapshot);
// Adds to it what was read of it on demand.
void PutMemoryDetails(Json& process, const MemoryDetails& details);

}  // namespace memleak
