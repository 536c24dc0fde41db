// Parser of /proc/PID/cgroup (cgroups(7)). Pure.
#pragma once

#include <string_view>

namespace memleak {

// The path in the hierarchy that accounts for memory: version 1's memory controller where it is
// mounted, else version 2's. Empty when there is neither. From inside a private cgroup namespace
// it may begin with "/..". A part of `text`.
std::string_view MemoryCgroupPath(std::string_view text);

}  // namespace memleak
