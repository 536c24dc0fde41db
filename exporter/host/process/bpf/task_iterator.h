// The kernel's task iterator (https://docs.kernel.org/bpf/bpf_iterators.html): one program of ours
// walks every process inside the kernel, and the whole host comes back in a few dozen read(2)
// calls. Linux 5.8 and later with type information (CONFIG_DEBUG_INFO_BTF), and CAP_BPF with
// CAP_PERFMON.
//
// libbpf is behind task_iterator.cc alone; a build without it has no_task_iterator.cc instead.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "exporter/host/process/bpf/task_record.h"

namespace memleak {

class TaskIterator {
 public:
  // Loads the program. Processes that may hold `exact_from_bytes` get the exact sum of what the
  // CPUs count, smaller ones a rough one where a machine has many CPUs. nullptr when the kernel
  // refuses; `why` says in a few words.
  static std::unique_ptr<TaskIterator> Open(uint64_t exact_from_bytes, std::string& why);

  virtual ~TaskIterator() = default;

  struct Wanted {
    bool memory = false;
    bool fds = false;
    uint8_t cgroup = MEMLEAK_CGROUP_NONE;
  };
  // One pass, in ascending order of pid. What is not wanted is 0 in the records. False when the
  // kernel refuses (`why`): then `records` means nothing. They are valid until the next pass.
  virtual bool Read(const Wanted& wanted, std::span<const TaskRecord>& records,
                    std::string& why) = 0;
};

}  // namespace memleak
