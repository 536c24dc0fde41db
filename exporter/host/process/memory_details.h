// What of one process is read only when somebody asks for it: every line of memory of its status,
// and its largest regions.
//
// Its regions are read on a helper thread: the kernel holds the process's memory lock meanwhile,
// and the process may make it wait. So they are read of one process at a time, with a deadline, and
// of the same one no more than once in ten seconds. Any thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "exporter/host/evidence/regions.h"
#include "exporter/host/process/proc_status.h"
#include "exporter/host/slow_reads.h"

namespace memleak {

struct MemoryDetails {
  std::vector<StatusLine> status;  // empty where it could not be read
  std::vector<Region> regions;     // the largest first
  // Why there are none: "denied", "gone", "late", "malformed", "no memory" (of a kernel thread or
  // zombie), "reading" (another process's are being read), "too large". Empty where there are.
  std::string_view regions_missing;
  uint64_t reading = 0;  // counts the readings of regions; 0 where this is of none
};

class MemoryDetailsReader {
 public:
  static constexpr std::chrono::seconds kDeadline{1};
  static constexpr std::chrono::seconds kKeep{10};
  // What was read is kept of so many processes, and readings that are late may be so many.
  static constexpr size_t kMaxKept = 32;
  static constexpr size_t kMaxLate = 4;

  // `proc_root` is a directory descriptor of the proc tree; it is duplicated. Throws
  // std::system_error.
  explicit MemoryDetailsReader(int proc_root);
  ~MemoryDetailsReader();

  // Reads those of the process (pid, start time), or takes what was read within ten seconds. Blocks
  // for a second at most. `resident` is its VmRSS as far as that is known.
  MemoryDetails Read(int32_t pid, uint64_t start_ticks, std::optional<uint64_t> resident);

 private:
  struct State;
  std::shared_ptr<State> state_;
  SlowReads slow_reads_;
};

}  // namespace memleak
