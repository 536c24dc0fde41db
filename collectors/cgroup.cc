#include "collectors/cgroup.h"

#include <array>
#include <stdexcept>

#include "collectors/trend_families.h"

namespace memleak {
namespace {

struct MemoryRow {
  std::optional<uint64_t> CgroupMemory::*bytes;
  Family family;
};

constexpr std::array<MemoryRow, 7> kMemoryRows = {{
    {&CgroupMemory::usage,
     BytesGauge("memleak_cgroup_memory_usage_bytes",
                "All memory charged to the cgroup, caches included; the limit holds against it.")},
    {&CgroupMemory::unreclaimable,
     BytesGauge("memleak_cgroup_unreclaimable_memory_bytes",
                "Usage without file pages and reclaimable slab: what the kernel cannot drop. "
                "Version 1 of cgroups does not tell the slab, there it is included.")},
    {&CgroupMemory::anon, BytesGauge("memleak_cgroup_anon_memory_bytes",
                                     "Heap, stacks and private mappings in memory.")},
    {&CgroupMemory::shmem,
     BytesGauge("memleak_cgroup_shmem_memory_bytes", "Shared memory, memfds and tmpfs files.")},
    {&CgroupMemory::page_cache,
     BytesGauge("memleak_cgroup_page_cache_bytes", "File pages, given back under need.")},
    {&CgroupMemory::kernel,
     BytesGauge(
         "memleak_cgroup_kernel_memory_bytes",
         "Kernel memory on behalf of the cgroup: stacks, page tables, slab, socket buffers.")},
    {&CgroupMemory::swap, BytesGauge("memleak_cgroup_swap_memory_bytes",
                                     "Swapped out; absent where cgroups do not account for it.")},
}};

constexpr Family kFootprint =
    BytesGauge("memleak_cgroup_footprint_bytes",
               "Anonymous memory and swap: what leaks. Without swap where cgroups do not account "
               "for it.");
constexpr Family kLimit = BytesGauge("memleak_cgroup_memory_limit_bytes",
                                     "The cgroup's own limit; absent when it has none.");
constexpr Family kHeadroom =
    BytesGauge("memleak_cgroup_headroom_bytes",
               "What is left to the nearest limit: the least of limit less unreclaimable memory, "
               "its own and its ancestors', and of the node's MemAvailable and free swap.");
constexpr Family kProcesses = {"memleak_cgroup_processes", MetricType::kGauge, "",
                               "Processes in the cgroup and below it."};

constexpr TrendFamilies kTrends = {
    .baseline = {"memleak_cgroup_baseline_bytes", MetricType::kGauge, "bytes", kBaselineHelp},
    .baseline_time = {"memleak_cgroup_baseline_timestamp_seconds", MetricType::kGauge, "seconds",
                      kBaselineTimeHelp},
    .growth = {"memleak_cgroup_growth_bytes_per_second", MetricType::kGauge, "", kGrowthHelp},
    .window = {"memleak_cgroup_trend_window_seconds", MetricType::kGauge, "seconds", kWindowHelp},
    .growth_start = {"memleak_cgroup_growth_start_time_seconds", MetricType::kGauge, "seconds",
                     kGrowthStartHelp},
    .suspected = {"memleak_cgroup_leak_suspected", MetricType::kGauge, "", kSuspectedHelp},
    .exhaustion = {"memleak_cgroup_exhaustion_seconds", MetricType::kGauge, "seconds",
                   "Until memory runs out at the nearest limit, if it goes on like this; absent "
                   "when not growing."},
    .shmem_growth = {"memleak_cgroup_shmem_growth_bytes_per_second", MetricType::kGauge, "",
                     kShmemGrowthHelp},
    .shmem_suspected = {"memleak_cgroup_shmem_leak_suspected", MetricType::kGauge, "",
                        kShmemSuspectedHelp},
    .third_growth = {"memleak_cgroup_kernel_growth_bytes_per_second", MetricType::kGauge, "",
                     "How fast kernel memory grows; 0 when known not to grow."},
    .third_suspected = {"memleak_cgroup_kernel_leak_suspected", MetricType::kGauge, "",
                        "1 when kernel memory grows as a leak does; absent while unknown."},
    .third_exhaustion = std::nullopt,
};

class CgroupCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (snapshot.cgroups == nullptr) throw std::runtime_error("the processes cannot be listed");
    const auto write = [&](const Family& family, auto&& value) {
      writer.Begin(family);
      for (const Cgroup* cgroup : *snapshot.cgroups) {
        if (const auto known = value(*cgroup)) writer.Sample(cgroup->labels, *known);
      }
    };

    for (const MemoryRow& row : kMemoryRows) {
      write(row.family, [&](const Cgroup& cgroup) { return cgroup.memory.*row.bytes; });
    }
    write(kFootprint, [](const Cgroup& cgroup) { return cgroup.memory.Footprint(); });
    write(kLimit, [](const Cgroup& cgroup) { return cgroup.limit; });
    write(kHeadroom, [](const Cgroup& cgroup) { return cgroup.headroom; });
    write(kProcesses, [](const Cgroup& cgroup) {
      return cgroup.incomplete ? std::nullopt : std::optional(cgroup.processes);
    });

    if (snapshot.trends == nullptr) return;
    trends_.Clear();
    for (const Cgroup* cgroup : *snapshot.cgroups) {
      trends_.Add(cgroup->labels, snapshot.trends->Of(*cgroup), cgroup->tracked.standing,
                  cgroup->memory.shmem.value_or(0) > 0);
    }
    trends_.Write(kTrends, snapshot.time.boot_time, writer);
  }

 private:
  TrendWriter trends_;
};

}  // namespace

std::unique_ptr<Collector> MakeCgroupCollector() { return std::make_unique<CgroupCollector>(); }

}  // namespace memleak
