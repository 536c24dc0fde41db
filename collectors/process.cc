#include "collectors/process.h"

#include <array>
#include <stdexcept>

#include "collectors/trend_families.h"

namespace memleak {
namespace {

struct MemoryRow {
  MemoryField field;
  Family family;
};

constexpr std::array<MemoryRow, 8> kMemoryRows = {{
    {MemoryField::kResident,
     BytesGauge("memleak_process_resident_memory_bytes", "VmRSS: memory that the process holds.")},
    {MemoryField::kAnon, BytesGauge("memleak_process_anon_memory_bytes",
                                    "RssAnon: heap, stacks and private mappings in memory.")},
    {MemoryField::kFile, BytesGauge("memleak_process_file_memory_bytes",
                                    "RssFile: mapped files, given back under need.")},
    {MemoryField::kShmem,
     BytesGauge("memleak_process_shmem_memory_bytes", "RssShmem: shared memory and memfds.")},
    {MemoryField::kSwap, BytesGauge("memleak_process_swap_memory_bytes",
                                    "VmSwap: anonymous memory that was swapped out.")},
    {MemoryField::kPeakResident,
     BytesGauge("memleak_process_peak_resident_memory_bytes", "VmHWM: the largest VmRSS so far.")},
    {MemoryField::kVirtual,
     BytesGauge("memleak_process_virtual_memory_bytes",
                "VmSize: address space, mostly not memory; never alert on it.")},
    {MemoryField::kPageTable,
     BytesGauge("memleak_process_page_table_bytes", "VmPTE: page tables that map this memory.")},
}};

constexpr Family kFootprint =
    BytesGauge("memleak_process_footprint_bytes", "RssAnon + VmSwap: what leaks.");
constexpr Family kHeadroom =
    BytesGauge("memleak_process_headroom_bytes",
               "What is left to the nearest limit: the least of its cgroups' limits less their "
               "unreclaimable memory, and of the node's MemAvailable and free swap.");
constexpr Family kOpenFds = {"memleak_process_open_fds", MetricType::kGauge, "",
                             "Open file descriptors."};
constexpr Family kMaxFds = {"memleak_process_max_fds", MetricType::kGauge, "",
                            "Soft limit of open file descriptors, read once a minute."};
constexpr Family kThreads = {"memleak_process_threads", MetricType::kGauge, "",
                             "Threads that run or wait."};
constexpr Family kCpu = {"memleak_process_cpu_seconds", MetricType::kCounter, "seconds",
                         "CPU time in user and kernel mode of all threads, ended ones included."};
constexpr Family kFaults = {"memleak_process_major_page_faults", MetricType::kCounter, "",
                            "Page faults that had to wait for a disk."};
constexpr Family kStart = {"memleak_process_start_time_seconds", MetricType::kGauge, "seconds",
                           "When the process started, in seconds since 1970."};
constexpr Family kInfo = {"memleak_process_info", MetricType::kGauge, "",
                          "What the process is: 1, with its executable, user and runtime."};

constexpr TrendFamilies kTrends = {
    .baseline = {"memleak_process_baseline_bytes", MetricType::kGauge, "bytes", kBaselineHelp},
    .baseline_time = {"memleak_process_baseline_timestamp_seconds", MetricType::kGauge, "seconds",
                      kBaselineTimeHelp},
    .growth = {"memleak_process_growth_bytes_per_second", MetricType::kGauge, "", kGrowthHelp},
    .window = {"memleak_process_trend_window_seconds", MetricType::kGauge, "seconds", kWindowHelp},
    .growth_start = {"memleak_process_growth_start_time_seconds", MetricType::kGauge, "seconds",
                     kGrowthStartHelp},
    .suspected = {"memleak_process_leak_suspected", MetricType::kGauge, "", kSuspectedHelp},
    .exhaustion = {"memleak_process_exhaustion_seconds", MetricType::kGauge, "seconds",
                   "Until memory runs out at the nearest limit, if it goes on like this; absent "
                   "when not growing."},
    .shmem_growth = {"memleak_process_shmem_growth_bytes_per_second", MetricType::kGauge, "",
                     kShmemGrowthHelp},
    .shmem_suspected = {"memleak_process_shmem_leak_suspected", MetricType::kGauge, "",
                        kShmemSuspectedHelp},
    .third_growth = {"memleak_process_fd_growth_per_second", MetricType::kGauge, "", kFdGrowthHelp},
    .third_suspected = {"memleak_process_fd_leak_suspected", MetricType::kGauge, "",
                        kFdSuspectedHelp},
    .third_exhaustion =
        Family{"memleak_process_fd_exhaustion_seconds", MetricType::kGauge, "seconds",
               "Until open descriptors reach max_fds, if it goes on like this; absent when not "
               "growing."},
};

class ProcessCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    const auto& processes = *snapshot.exported;
    // Writes one family: `value` is asked for each process and may know nothing.
    const auto write = [&](const Family& family, auto&& value) {
      writer.Begin(family);
      for (const Process* process : processes) {
        if (const auto known = value(*process)) writer.Sample(process->labels, *known);
      }
    };

    for (const MemoryRow& row : kMemoryRows) {
      write(row.family,
            [&](const Process& process) { return process.sample.memory.Get(row.field); });
    }
    write(kFootprint, [](const Process& process) { return process.sample.memory.Footprint(); });
    write(kHeadroom, [&](const Process& process) { return snapshot.Headroom(process.cgroup); });
    write(kOpenFds, [](const Process& process) { return process.sample.open_fds; });
    write(kMaxFds, [](const Process& process) { return process.max_fds; });
    write(kThreads, [](const Process& process) { return std::optional(process.sample.threads); });
    write(kCpu, [&](const Process& process) {
      return std::optional(static_cast<double>(process.sample.cpu_ticks) / snapshot.time.tick_rate);
    });
    write(kFaults,
          [](const Process& process) { return std::optional(process.sample.major_faults); });
    write(kStart, [&](const Process& process) {
      return std::optional(snapshot.time.StartTime(process.sample.start_ticks));
    });

    writer.Begin(kInfo);
    for (const Process* process : processes) writer.Sample(process->info_labels, uint64_t{1});

    if (snapshot.trends == nullptr) return;
    trends_.Clear();
    for (const Process* process : processes) {
      trends_.Add(process->labels, snapshot.trends->Of(*process), process->tracked.standing,
                  process->sample.memory.Get(MemoryField::kShmem).value_or(0) > 0);
    }
    trends_.Write(kTrends, snapshot.time.boot_time, writer);
  }

 private:
  TrendWriter trends_;
};

}  // namespace

std::unique_ptr<Collector> MakeProcessCollector() { return std::make_unique<ProcessCollector>(); }

}  // namespace memleak
