// Parser of /proc/PID/status (proc_pid_status(5)). Pure: no I/O, nothing kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/process/process_sample.h"

namespace memleak {

struct ProcStatus {
  MemoryBytes memory;           // lines that are missing are unknown; none at all: no memory map
  std::optional<uint32_t> uid;  // effective
};

// Returns nothing when a line that is read is malformed or cut off in the middle.
std::optional<ProcStatus> ParseProcStatus(std::string_view text);

struct StatusLine {
  std::string name;  // "VmPeak", "RssAnon"
  uint64_t bytes = 0;
};

// Every line of memory that this kernel prints, in its order: those that begin with Vm or Rss. What
// is malformed is left out.
std::vector<StatusLine> ParseMemoryLines(std::string_view text);

}  // namespace memleak
