// How a cgroup stands in labels.
#pragma once

#include <string>
#include <string_view>

#include "exporter/model/cgroup_table.h"

namespace memleak {

// How a cgroup's path stands in a label: itself, or where that would be cut or is not UTF-8, a part
// of it with a hash.
std::string CgroupLabel(std::string_view path);

// Whether the label of this path may be that of another one, too: a hash is in it, and whoever may
// make cgroups may also look for two names with the same hash.
bool MayShareLabel(std::string_view path);

// "container", "pod", "unit" or "slice", which any other is that has a limit.
std::string_view KindLabel(CgroupKind kind);

// Renders `labels` of a cgroup that has a kind, where they are not up to date.
void RenderLabels(Cgroup& cgroup);

}  // namespace memleak
