// Parser of /proc/loadavg (proc_loadavg(5)), of which only the number of threads is read. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// The threads that the kernel has, of all processes and all pid namespaces.
std::optional<uint64_t> ParseThreadsOfLoadavg(std::string_view text);

}  // namespace memleak
