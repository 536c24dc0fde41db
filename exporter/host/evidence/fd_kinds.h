// What a process's descriptors are: how many of each kind, and what they lead to most often.
//
// /proc/PID/fd (proc_pid_fd(5)). May block: for helper threads.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/evidence/evidence_read.h"

namespace memleak {

enum class FdKind : uint8_t {
  kSocket,
  kPipe,     // FIFOs with a name included
  kRegular,  // files that have a name
  kDeleted,  // files that have none any more
  kEventfd,
  kEventpoll,
  kTimerfd,
  kInotify,
  kMemfd,
  kDevice,
  kOther,
};
inline constexpr size_t kFdKinds = 11;
inline constexpr std::array<std::string_view, kFdKinds> kFdKindNames = {
    "socket",  "pipe",    "regular", "deleted", "eventfd", "eventpoll",
    "timerfd", "inotify", "memfd",   "device",  "other"};

struct FdKinds {
  // What descriptors lead to, each run of digits as one '#', at most kMaxTargetBytes, raw bytes.
  struct Target {
    std::string name;
    uint64_t count = 0;
  };
  static constexpr size_t kMaxTargets = 10;
  static constexpr size_t kMaxTargetBytes = 256;
  // Of so many descriptors, the newest, the kinds are told: a leak's are among them.
  static constexpr uint64_t kMaxCounted = 8'192;

  std::array<uint64_t, kFdKinds> counts{};
  // Open, but beyond the cap or the deadline, so that all together are those that are open. Where
  // OpenFds knows only how many there are at least, this is at least, too.
  uint64_t uncounted = 0;
  std::vector<Target> targets;  // of those that are counted; the commonest first

  uint64_t Of(FdKind kind) const { return counts[static_cast<size_t>(kind)]; }
};

// Reads the descriptors of the process behind `process`, a directory descriptor (PidDir): the kinds
// of at most `max_counted` of them. kCut with `kinds` filled in when some are uncounted; for any
// other result but kOk it means nothing. Those that are closed meanwhile do not count. kLate when
// none was read in time, or when we are short of descriptors or memory ourselves.
//
// The links of a live process are followed to the file that is open, never by its path, and a
// network file system is not asked. In a copy of a proc tree they lead to whatever this host has
// there, so that their text alone counts.
EvidenceResult ReadFdKinds(int process, EvidenceDeadline deadline, FdKinds& kinds,
                           size_t max_counted = FdKinds::kMaxCounted);

}  // namespace memleak
