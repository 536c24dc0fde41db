// Parser of /proc/vmstat (proc_vmstat(5)): what was swapped, faulted and killed since boot. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// Lines that this kernel does not print are absent.
struct VmStat {
  std::optional<uint64_t> swapped_in_pages;   // pswpin
  std::optional<uint64_t> swapped_out_pages;  // pswpout
  std::optional<uint64_t> major_faults;       // pgmajfault
  std::optional<uint64_t> oom_kills;          // oom_kill, since Linux 4.13
};

// Returns nothing when the text is empty or cut, or a line that is read is malformed.
std::optional<VmStat> ParseVmStat(std::string_view text);

}  // namespace memleak
