// A build without clang, bpftool or libbpf (cmake/Bpf.cmake).
#include "exporter/host/process/bpf/task_iterator.h"

namespace memleak {

std::unique_ptr<TaskIterator> TaskIterator::Open(uint64_t /*exact_from_bytes*/, std::string& why,
                                                 Way /*preferred*/) {
  why = "this build has no task iterator";
  return nullptr;
}

}  // namespace memleak
