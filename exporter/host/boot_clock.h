// The host's clocks: when it booted and how long ago, as its proc tree says (proc_uptime(5),
// proc_stat(5)), so that a fixture tree has its own time.
#pragma once

#include <cstdint>

#include "exporter/host/file_reader.h"
#include "exporter/host/procfs.h"

namespace memleak {

// The time of one pass.
struct PassTime {
  double monotonic = 0;    // steady clock, seconds; for durations of ours
  double unix_time = 0;    // seconds since 1970
  double uptime = 0;       // seconds since boot; comparable with start_ticks
  double boot_time = 0;    // seconds since 1970, `btime`
  double tick_rate = 100;  // ticks per second (USER_HZ)

  double StartTime(uint64_t start_ticks) const {
    return boot_time + static_cast<double>(start_ticks) / tick_rate;
  }
  double Age(uint64_t start_ticks) const {
    return uptime - static_cast<double>(start_ticks) / tick_rate;
  }
};

class BootClock {
 public:
  // Reads `btime`. Throws std::runtime_error when the tree has none.
  explicit BootClock(const ProcFs& procfs);

  // The time now. `btime` is read again only after the wall clock was set: it moves with it, and a
  // start time that wavers by a second would break its series.
  PassTime Now();

 private:
  bool ReadBootTime();

  const ProcFs& procfs_;
  FileReader reader_;
  double boot_time_ = 0;
  double clock_offset_ = 0;  // wall clock less boot clock when btime was read
};

}  // namespace memleak
