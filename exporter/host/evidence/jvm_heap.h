// What a HotSpot JVM publishes of its heap: what `jstat -gc` shows, without attaching.
//
// From its performance data file, /tmp/hsperfdata_USER/PID in its own mount and pid namespaces
// (jdk.internal.perf, "perfMemory" in OpenJDK's sources). That file belongs to whoever runs there:
// no link is followed, it must be a regular file of the process's own user, of at most 64 KiB, and
// it is never mapped. May block: for helper threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "exporter/host/evidence/evidence_read.h"

namespace memleak {

// Bytes, and totals since the JVM's start. What this JVM does not publish is absent; collectors
// without generations (ZGC before Java 21, Shenandoah) publish their whole heap as the old one.
struct JvmHeap {
  std::optional<uint64_t> old_used;
  std::optional<uint64_t> old_capacity;
  std::optional<uint64_t> old_max;
  std::optional<uint64_t> young_capacity;
  std::optional<uint64_t> metaspace_used;
  std::optional<uint64_t> metaspace_capacity;
  std::optional<uint64_t> young_collections;
  std::optional<uint64_t> full_collections;
  std::optional<uint64_t> concurrent_collections;  // pauses of a concurrent collector

  bool operator==(const JvmHeap&) const = default;
};

// What a performance data file says. Pure. Nothing when it is none (PerfData::Parse).
std::optional<JvmHeap> ParseJvmHeap(std::string_view file);

// Reads it for the process behind `process`, a directory descriptor (PidDir). A JVM without such a
// file (-XX:-UsePerfData) is kGone, one that may not be looked into kDenied, and a file that is
// truncated, foreign or unsafe kMalformed. kCut: too many files stand around it to be found. A file
// that a killed JVM of the same pid and user left is taken for its own.
EvidenceResult ReadJvmHeap(int process, JvmHeap& heap);

}  // namespace memleak
