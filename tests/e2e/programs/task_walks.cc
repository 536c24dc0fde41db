// The processes of this host by each way of the kernel's task iterator: `task_walks WAY...`, each
// open-coded or seq_file, one after the other, with cgroups of version 1 and again of version 2.
// Prints a line for each process and pass:
//   PASS WAY-THAT-WAS-TAKEN PID FIGURE... COMM
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "exporter/host/process/bpf/task_iterator.h"

namespace memleak {
namespace {

constexpr std::string_view kOpenCoded = "open-coded";

void Print(int pass, TaskIterator::Way way, const TaskRecord& record) {
  std::printf("%d %s %d", pass,
              way == TaskIterator::Way::kOpenCoded ? kOpenCoded.data() : "seq_file", record.pid);
  for (const auto figure : {uint64_t{record.uid},          uint64_t{record.flags},
                            uint64_t{record.pf_flags},     uint64_t{record.state},
                            uint64_t{record.threads},      uint64_t{record.open_fds},
                            uint64_t{record.start_ns},     uint64_t{record.cpu_ns},
                            uint64_t{record.major_faults}, uint64_t{record.arg_start},
                            uint64_t{record.cgroup_id},    uint64_t{record.peak_resident},
                            uint64_t{record.total},        uint64_t{record.peak_total},
                            uint64_t{record.data},         uint64_t{record.stack},
                            uint64_t{record.executable},   uint64_t{record.locked},
                            uint64_t{record.pinned},       uint64_t{record.page_table_bytes},
                            uint64_t{record.code_begin},   uint64_t{record.code_end}}) {
    std::printf(" %llu", static_cast<unsigned long long>(figure));
  }
  for (const auto pages : record.rss) std::printf(" %lld", static_cast<long long>(pages));
  std::printf(" %.*s\n", static_cast<int>(sizeof(record.comm)), record.comm);
}

int Run(std::span<char*> arguments) {
  std::string why;
  int pass = 0;
  std::unique_ptr<TaskIterator> iterators[2];
  for (const auto way : {TaskIterator::Way::kOpenCoded, TaskIterator::Way::kSeqFile}) {
    auto& iterator = iterators[static_cast<size_t>(way)];
    iterator = TaskIterator::Open(0, why, way);
    if (iterator == nullptr) {
      std::fprintf(stderr, "task_walks: %s\n", why.c_str());
      return 1;
    }
  }
  for (const std::string_view name : arguments) {
    auto& iterator = iterators[name == kOpenCoded ? 0 : 1];
    TaskIterator::Records records;
    for (const int version : {MEMLEAK_CGROUP_V1, MEMLEAK_CGROUP_V2}) {
      const auto cgroup = static_cast<uint8_t>(version);
      if (!iterator->Read({.memory = true, .fds = true, .cgroup = cgroup}, records, why)) {
        std::fprintf(stderr, "task_walks: %s\n", why.c_str());
        return 1;
      }
      for (const TaskRecord* record : records) Print(pass, iterator->way(), *record);
      ++pass;
    }
  }
  return 0;
}

}  // namespace
}  // namespace memleak

int main(int argc, char** argv) { return memleak::Run({argv + 1, static_cast<size_t>(argc - 1)}); }
