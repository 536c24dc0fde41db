// What histories say, as JSON: the points of plots, and a verdict for each resource.
#pragma once

#include "exporter/trend/host_trends.h"
#include "exporter/web/api/json.h"
#include "exporter/web/api/resources.h"

namespace memleak {

// One for each resource that is known; `boot_time` turns times since boot into times since 1970.
// Shared memory is left out where there never was any.
Json HistoryJson(const Trend& trend, const ResourceNames& names, double boot_time);
Json ResourcesJson(const Trend& trend, const ResourceNames& names, double boot_time);

// Of a single resource; null where nothing is known of it.
Json PointsJson(const Trend& trend, size_t index, Quantity quantity, double boot_time);
Json VerdictJson(std::string_view name, const Verdict& verdict, Quantity quantity,
                 double boot_time);

// The resources of which a leak is suspected.
Json LeaksJson(const Trend* trend, const ResourceNames& names);

}  // namespace memleak
