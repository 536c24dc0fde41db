// /api/v1/groups: those that have processes, or are still suspected without any.
#pragma once

#include "exporter/model/snapshot.h"
#include "exporter/web/api/json.h"
#include "exporter/web/api/list_query.h"

namespace memleak {

const ListRules& GroupListRules();
Json GroupsJson(const ListQuery& query, const Snapshot& snapshot);

}  // namespace memleak
