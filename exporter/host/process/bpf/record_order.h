// The kernel lists processes in the order in which they came to be: that of their pids, until those
// begin again.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "exporter/host/process/bpf/task_record.h"

namespace memleak {

// One thread at a time; keeps what it needs from pass to pass.
class RecordOrder {
 public:
  // Points `ordered` to the records in ascending order of pid; of two with the same pid to the
  // later one, whose process took the number over in the middle of the walk.
  void Put(std::span<const TaskRecord> records, std::vector<const TaskRecord*>& ordered);

 private:
  // A pid, above where its record is: sorted without looking at the records, which lie far apart.
  std::vector<uint64_t> keys_;
};

}  // namespace memleak
