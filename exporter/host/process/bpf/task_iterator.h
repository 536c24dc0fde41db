// The kernel's task iterator (https://docs.kernel.org/bpf/bpf_iterators.html): one program of ours
// walks every process inside the kernel, and the whole host comes back in one system call, or in a
// few dozen before Linux 6.7. Linux 5.8 and later with type information (CONFIG_DEBUG_INFO_BTF),
// and CAP_BPF with CAP_PERFMON.
//
// libbpf is behind task_iterator.cc alone; a build without it has no_task_iterator.cc instead.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "exporter/host/process/bpf/task_record.h"

namespace memleak {

class TaskIterator {
 public:
  // How the processes are walked (task_iterator.bpf.c).
  enum class Way : uint8_t {
    kOpenCoded,  // by a loop of the program, Linux 6.7 and later
    kSeqFile,    // by the kernel, which calls the program
  };

  // Loads the program. Processes that may hold `exact_from_bytes` get the exact sum of what the
  // CPUs count, smaller ones a rough one where a machine has many CPUs. An older kernel's way is
  // taken where `preferred` is refused. nullptr when the kernel refuses both; `why` says in a few
  // words.
  static std::unique_ptr<TaskIterator> Open(uint64_t exact_from_bytes, std::string& why,
                                            Way preferred = Way::kOpenCoded);

  virtual ~TaskIterator() = default;

  struct Wanted {
    bool memory = false;
    bool fds = false;
    uint8_t cgroup = MEMLEAK_CGROUP_NONE;
  };
  // Those of one pass, in ascending order of pid, which the iterator keeps until the next.
  using Records = std::vector<const TaskRecord*>;
  // One pass. What is not wanted is 0 in the records. False when the kernel refuses (`why`): then
  // `records` means nothing.
  virtual bool Read(const Wanted& wanted, Records& records, std::string& why) = 0;

  virtual Way way() const = 0;
};

}  // namespace memleak
