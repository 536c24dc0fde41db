#include "collectors/group.h"

#include <array>
#include <stdexcept>

#include "collectors/trend_families.h"

namespace memleak {
namespace {

struct MemoryRow {
  MemoryField field;
  Family family;
};

constexpr std::array<MemoryRow, 5> kMemoryRows = {{
    {MemoryField::kResident,
     BytesGauge("memleak_group_resident_memory_bytes",
                "Sum of VmRSS; pages that members share are counted by each of them.")},
    {MemoryField::kAnon, BytesGauge("memleak_group_anon_memory_bytes", "Sum of RssAnon.")},
    {MemoryField::kFile, BytesGauge("memleak_group_file_memory_bytes", "Sum of RssFile.")},
    {MemoryField::kShmem, BytesGauge("memleak_group_shmem_memory_bytes", "Sum of RssShmem.")},
    {MemoryField::kSwap, BytesGauge("memleak_group_swap_memory_bytes", "Sum of VmSwap.")},
}};

constexpr Family kFootprint =
    BytesGauge("memleak_group_footprint_bytes", "Sum of RssAnon + VmSwap: what leaks.");
constexpr Family kHeadroom =
    BytesGauge("memleak_group_headroom_bytes",
               "What is left to the nearest limit that all members share, the node's included.");
constexpr Family kOpenFds = {"memleak_group_open_fds", MetricType::kGauge, "",
                             "Sum of open file descriptors."};
constexpr Family kThreads = {"memleak_group_threads", MetricType::kGauge, "", "Sum of threads."};
constexpr Family kProcesses = {"memleak_group_processes", MetricType::kGauge, "",
                               "Members that run now; a group stays for a day after its last."};
constexpr Family kOldest = {"memleak_group_oldest_start_time_seconds", MetricType::kGauge,
                            "seconds", "When the oldest member started, in seconds since 1970."};
constexpr Family kCpu = {"memleak_group_cpu_seconds", MetricType::kCounter, "seconds",
                         "CPU time that members used while the exporter ran, ended ones included."};
constexpr Family kFaults = {"memleak_group_major_page_faults", MetricType::kCounter, "",
                            "Major page faults of members while the exporter ran."};
constexpr Family kLargest =
    BytesGauge("memleak_group_largest_footprint_bytes",
               "Footprint of the largest member, to compare with the median.");
constexpr Family kMedian =
    BytesGauge("memleak_group_median_footprint_bytes", "Median of the members' footprints.");
constexpr Family kLargestStart = {
    "memleak_group_largest_start_time_seconds", MetricType::kGauge, "seconds",
    "When the largest member started: is the largest also the oldest?"};

constexpr std::string_view kOtherLabels = "group=\"(other)\"";

constexpr TrendFamilies kTrends = {
    .baseline = {"memleak_group_baseline_bytes", MetricType::kGauge, "bytes", kBaselineHelp},
    .baseline_time = {"memleak_group_baseline_timestamp_seconds", MetricType::kGauge, "seconds",
                      kBaselineTimeHelp},
    .growth = {"memleak_group_growth_bytes_per_second", MetricType::kGauge, "", kGrowthHelp},
    .window = {"memleak_group_trend_window_seconds", MetricType::kGauge, "seconds", kWindowHelp},
    .growth_start = {"memleak_group_growth_start_time_seconds", MetricType::kGauge, "seconds",
                     kGrowthStartHelp},
    .suspected = {"memleak_group_leak_suspected", MetricType::kGauge, "", kSuspectedHelp},
    .exhaustion = {"memleak_group_exhaustion_seconds", MetricType::kGauge, "seconds",
                   "Until memory runs out at the limit that all members share, or for the first "
                   "member at its own, if it goes on like this; absent when not growing."},
    .shmem_growth = {"memleak_group_shmem_growth_bytes_per_second", MetricType::kGauge, "",
                     kShmemGrowthHelp},
    .shmem_suspected = {"memleak_group_shmem_leak_suspected", MetricType::kGauge, "",
                        kShmemSuspectedHelp},
    .third_growth = {"memleak_group_fd_growth_per_second", MetricType::kGauge, "", kFdGrowthHelp},
    .third_suspected = {"memleak_group_fd_leak_suspected", MetricType::kGauge, "",
                        kFdSuspectedHelp},
    .third_exhaustion = Family{"memleak_group_fd_exhaustion_seconds", MetricType::kGauge, "seconds",
                               "Until the first member's open descriptors reach its limit, if it "
                               "goes on like this; absent when not growing."},
};

class GroupCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    const auto& groups = *snapshot.groups;
    const auto& other = *snapshot.other_groups;
    // Writes a family that sums have: of each group, then of those that were cut.
    const auto write_sum = [&](const Family& family, auto&& value) {
      writer.Begin(family);
      for (const Group* group : groups) {
        if (const auto known = value(group->sums)) writer.Sample(group->labels, *known);
      }
      if (!other) return;
      if (const auto known = value(*other)) writer.Sample(kOtherLabels, *known);
    };
    const auto write = [&](const Family& family, auto&& value) {
      writer.Begin(family);
      for (const Group* group : groups) {
        if (const auto known = value(*group)) writer.Sample(group->labels, *known);
      }
    };

    for (const MemoryRow& row : kMemoryRows) {
      write_sum(row.family, [&](const GroupSums& sums) { return sums.Memory(row.field); });
    }
    write_sum(kFootprint, [](const GroupSums& sums) { return sums.Footprint(); });
    write_sum(kOpenFds, [](const GroupSums& sums) { return sums.OpenFds(); });
    write_sum(kThreads, [](const GroupSums& sums) { return std::optional(sums.threads); });
    write_sum(kProcesses, [](const GroupSums& sums) { return std::optional(sums.processes); });
    write_sum(kOldest, [&](const GroupSums& sums) -> std::optional<double> {
      if (!sums.oldest_start_ticks) return std::nullopt;
      return snapshot.time.StartTime(*sums.oldest_start_ticks);
    });
    write(kCpu, [&](const Group& group) {
      return std::optional(static_cast<double>(group.cpu_ticks) / snapshot.time.tick_rate);
    });
    write(kFaults, [](const Group& group) { return std::optional(group.major_faults); });
    write(kHeadroom, [&](const Group& group) {
      return group.sums.processes > 0 ? snapshot.Headroom(group.cgroup) : std::nullopt;
    });
    // What a single one is like is known from the first member whose footprint could be read.
    const auto of_one = [](const Group& group, auto value) {
      return group.sums.Footprint() ? std::optional(value) : std::nullopt;
    };
    write(kLargest, [&](const Group& group) { return of_one(group, group.largest_footprint); });
    write(kMedian, [&](const Group& group) { return of_one(group, group.median_footprint); });
    write(kLargestStart, [&](const Group& group) {
      return of_one(group, snapshot.time.StartTime(group.largest_start_ticks));
    });

    if (snapshot.trends == nullptr) return;
    trends_.Clear();
    for (const Group* group : groups) {
      trends_.Add(group->labels, snapshot.trends->Of(*group), group->tracked.standing,
                  group->sums.Memory(MemoryField::kShmem).value_or(0) > 0);
    }
    trends_.Write(kTrends, snapshot.time.boot_time, writer);
  }

 private:
  TrendWriter trends_;
};

}  // namespace

std::unique_ptr<Collector> MakeGroupCollector() { return std::make_unique<GroupCollector>(); }

}  // namespace memleak
