// The numbers of the descriptors that a process has open: the newest, and how many there are.
//
// A descriptor gets the lowest number that is free, so what is never closed has the highest ones.
// They are found without listing all: in /proc/PID/fd a position is a number plus 2, in every
// kernel (proc_readfd_common in fs/proc/fd.c). Where that does not hold, as in a copied tree, the
// first kMaxListed are listed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "exporter/host/evidence/evidence_read.h"

namespace memleak {

struct OpenFds {
  static constexpr size_t kMaxListed = 65'536;

  std::vector<int> newest;  // descending
  // Of all. Where the kernel does not tell (before Linux 6.2), at most kMaxListed are counted.
  uint64_t count = 0;
};

// Lists at most `most` numbers of the open fd directory `directory`; `live` says that it is of a
// proc file system. What was not listed before the deadline is missing. Returns 0 or an errno.
int ListNewestFds(int directory, bool live, size_t most, EvidenceDeadline deadline, OpenFds& open);

}  // namespace memleak
