// Parser of /proc/PID/stat (proc_pid_stat(5)). Pure: no I/O, nothing kept.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

struct ProcStat {
  int32_t pid;
  std::string_view comm;  // points into the input; may hold spaces, parentheses, newlines
  char state;
  uint32_t flags;  // PF_*
  uint64_t major_faults;
  uint64_t user_ticks;
  uint64_t system_ticks;
  uint64_t threads;
  uint64_t start_ticks;
  uint64_t arg_start;  // 0 when hidden from us, or before Linux 3.5
};

// Kernel threads carry this bit in `flags` (include/linux/sched.h).
inline constexpr uint32_t kPfKthread = 0x00200000;

// Returns nothing for text that is not a whole stat line. The last ')' ends the comm.
std::optional<ProcStat> ParseProcStat(std::string_view text);

}  // namespace memleak
