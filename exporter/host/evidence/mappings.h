// Which kind of memory a process holds: what its mappings add up to.
//
// /proc/PID/smaps (proc_pid_smaps(5)). May block: for helper threads. The kernel walks the page
// tables of every mapping and holds the process's mmap lock while it makes up each piece, so the
// pieces are small, and between two of them the reading ends at its deadline or at kMaxBytes.
//
// A process changes while it is read: what moves meanwhile is counted twice or not at all. Huge
// pages of hugetlbfs are no part of Rss and Pss and so of nothing here.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "exporter/host/evidence/evidence_read.h"

namespace memleak {

class LargestRegions;

enum class MappingKind : uint8_t {
  kHeap,       // [heap]: what brk(2) gives; large allocations are anonymous mappings
  kAnonymous,  // private, of no file: malloc's large blocks and arenas, thread stacks, JIT
  kStack,      // [stack]: of the main thread; also of the others where the kernel says so
  kFile,       // files: code and data, what a process changed of its private copy included
  kShared,     // shared memory: /dev/shm, memfd, System V, shared anonymous
  kOther,      // the kernel's own, devices
};
inline constexpr size_t kMappingKinds = 6;
inline constexpr std::array<std::string_view, kMappingKinds> kMappingKindNames = {
    "heap", "anonymous", "stack", "file", "shared", "other"};

struct Mappings {
  static constexpr size_t kMaxBytes = size_t{64} << 20;  // of smaps' text
  // Above this VmRSS a process is not asked: one mapping alone could take a second.
  static constexpr uint64_t kMaxResident = uint64_t{128} << 30;

  std::array<uint64_t, kMappingKinds> resident{};  // Rss, bytes
  std::array<uint64_t, kMappingKinds> swapped{};   // Swap, bytes
  // Pss: shared pages divided by their users. Each mapping's is in whole KiB, rounded down: the sum
  // is short by less than a KiB for each.
  uint64_t proportional = 0;
  uint64_t count = 0;  // mappings

  uint64_t Resident(MappingKind kind) const { return resident[static_cast<size_t>(kind)]; }
};

// Reads the mappings of the process behind `process`, a directory descriptor (PidDir). `mappings`
// means nothing unless kOk: half of the sums would mislead. kGone is also a process that ended or
// became another program in the middle, and one without mappings: a kernel thread, a zombie.
// `largest`, where given, is offered every mapping; it, too, means nothing unless kOk.
EvidenceResult ReadMappings(int process, EvidenceDeadline deadline, Mappings& mappings,
                            LargestRegions* largest = nullptr);

}  // namespace memleak
