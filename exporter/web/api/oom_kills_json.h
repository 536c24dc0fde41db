// /api/v1/oom-kills.
#pragma once

#include "exporter/model/snapshot.h"
#include "exporter/web/api/json.h"

namespace memleak {

// The newest first; an empty list without a total where the kernel's log is not read.
Json OomKillsJson(const Snapshot& snapshot);
// One kill in short: when, and whom it hit.
Json OomKillSummaryJson(const OomKill& kill);

}  // namespace memleak
