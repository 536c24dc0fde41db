#include "collectors/meminfo.h"

#include <array>
#include <stdexcept>

namespace memleak {
namespace {

struct Row {
  MemInfoField field;
  Family family;
};

constexpr std::array<Row, 15> kRows = {{
    {MemInfoField::kTotal,
     BytesGauge("memleak_node_memory_total_bytes", "MemTotal: memory that the kernel manages.")},
    {MemInfoField::kFree,
     BytesGauge("memleak_node_memory_free_bytes",
                "MemFree: used for nothing at all; low on any healthy host, do not alert on it.")},
    {MemInfoField::kAvailable,
     BytesGauge("memleak_node_memory_available_bytes",
                "MemAvailable: what new programs can have without swapping.")},
    {MemInfoField::kBuffers,
     BytesGauge("memleak_node_memory_buffers_bytes", "Buffers: cache of block devices.")},
    {MemInfoField::kCached,
     BytesGauge("memleak_node_memory_cached_bytes", "Cached: page cache, shared memory included.")},
    {MemInfoField::kAnon,
     BytesGauge("memleak_node_memory_anon_bytes",
                "AnonPages: heap, stacks and private mappings of all processes.")},
    {MemInfoField::kShmem,
     BytesGauge("memleak_node_memory_shmem_bytes", "Shmem: tmpfs and shared memory.")},
    {MemInfoField::kSlabReclaimable,
     BytesGauge("memleak_node_memory_slab_reclaimable_bytes",
                "SReclaimable: kernel caches that are given back under need.")},
    {MemInfoField::kSlabUnreclaimable, BytesGauge("memleak_node_memory_slab_unreclaimable_bytes",
                                                  "SUnreclaim: where leaks of the kernel show.")},
    {MemInfoField::kPageTables,
     BytesGauge("memleak_node_memory_page_tables_bytes",
                "PageTables: what it takes to map the memory of all processes.")},
    {MemInfoField::kKernelStack, BytesGauge("memleak_node_memory_kernel_stack_bytes",
                                            "KernelStack: kernel stacks of all threads.")},
    {MemInfoField::kVmallocUsed,
     BytesGauge("memleak_node_memory_vmalloc_used_bytes",
                "VmallocUsed: kernel memory that is mapped page by page.")},
    {MemInfoField::kPercpu, BytesGauge("memleak_node_memory_percpu_bytes",
                                       "Percpu: kernel memory that every CPU has a copy of.")},
    {MemInfoField::kCommitted,
     BytesGauge("memleak_node_memory_committed_bytes", "Committed_AS: promised, not used.")},
    {MemInfoField::kCommitLimit,
     BytesGauge("memleak_node_memory_commit_limit_bytes",
                "CommitLimit: most that can be promised where overcommit is off.")},
}};

class MeminfoCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.meminfo) throw std::runtime_error("meminfo cannot be read");
    for (const Row& row : kRows) {
      writer.Begin(row.family);
      const auto& bytes = (*snapshot.node.meminfo)[static_cast<size_t>(row.field)];
      if (bytes) writer.Sample({}, *bytes);
    }
  }
};

}  // namespace

std::unique_ptr<Collector> MakeMeminfoCollector() { return std::make_unique<MeminfoCollector>(); }

}  // namespace memleak
