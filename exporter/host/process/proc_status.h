// Parser of /proc/PID/status (proc_pid_status(5)). Pure: no I/O, nothing kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "exporter/host/process/process_sample.h"

namespace memleak {

struct ProcStatus {
  MemoryBytes memory;           // lines that are missing are unknown; none at all: no memory map
  std::optional<uint32_t> uid;  // effective
};

// Returns nothing when a line that is read is malformed or cut off in the middle.
std::optional<ProcStatus> ParseProcStatus(std::string_view text);

}  // namespace memleak
