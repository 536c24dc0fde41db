// The reads that tell what a process is: executable, command line. They can block for ever and so
// run on SlowReads only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "exporter/host/process/process_sample.h"
#include "exporter/host/read_status.h"

namespace memleak {

// What kind of file runs, as far as its headers tell.
enum class Executable : uint8_t {
  kUnknown,  // could not be opened
  kGo,       // carries Go's build information
  kOther,
};

struct ProcessIdentity {
  ReadStatus exe_status = ReadStatus::kGone;
  std::string exe;  // path, without the kernel's " (deleted)"
  ReadStatus cmdline_status = ReadStatus::kGone;
  std::string cmdline;  // arguments, each ended by a NUL; at most kMaxCmdlineBytes
  bool cmdline_truncated = false;
  Executable executable = Executable::kUnknown;
  std::string cgroup;  // path in the hierarchy that accounts for memory; empty when unknown
};

// Command lines are read up to here: a Java class path alone is often longer than 4 KB, and the
// main class stands behind it.
inline constexpr size_t kMaxCmdlineBytes = 128 * 1024;

// Whether the process behind `process`, a directory descriptor (PidDir), is the one that started
// then; kGone when it is another.
ReadStatus CheckIdentity(int process, uint64_t start_ticks);

// Reads the identity of the process (pid, start time) below the proc tree `root`, its cgroup only
// if asked for; both statuses are kGone when the pid is another's by now. May block as long as the
// process likes.
ProcessIdentity ReadProcessIdentity(int root, int32_t pid, uint64_t start_ticks, bool with_cgroup);

}  // namespace memleak
