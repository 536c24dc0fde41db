// /api/v1/cgroups: containers, pods, units and what has a limit.
#pragma once

#include "exporter/model/snapshot.h"
#include "exporter/web/api/json.h"
#include "exporter/web/api/list_query.h"

namespace memleak {

const ListRules& CgroupListRules();
Json CgroupsJson(const ListQuery& query, const Snapshot& snapshot);

}  // namespace memleak
