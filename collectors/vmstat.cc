#include "collectors/vmstat.h"

#include <unistd.h>

#include <optional>
#include <stdexcept>

namespace memleak {
namespace {

constexpr Family kSwapIn = {"memleak_node_swap_in_bytes", MetricType::kCounter, "bytes",
                            "pswpin: read back from swap; somebody waited for it."};
constexpr Family kSwapOut = {"memleak_node_swap_out_bytes", MetricType::kCounter, "bytes",
                             "pswpout: written to swap."};
constexpr Family kMajorFaults = {"memleak_node_major_page_faults", MetricType::kCounter, "",
                                 "pgmajfault: page faults that had to wait for a disk."};
constexpr Family kOomKills = {
    "memleak_node_oom_kills", MetricType::kCounter, "",
    "oom_kill: processes that the kernel killed for memory, at a container's limit, too."};

class VmstatCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.vmstat) throw std::runtime_error("vmstat cannot be read");
    const VmStat& stat = *snapshot.node.vmstat;
    const auto write = [&](const Family& family, std::optional<uint64_t> value, uint64_t unit) {
      writer.Begin(family);
      if (value) writer.Sample({}, *value * unit);
    };
    write(kSwapIn, stat.swapped_in_pages, page_bytes_);
    write(kSwapOut, stat.swapped_out_pages, page_bytes_);
    write(kMajorFaults, stat.major_faults, 1);
    write(kOomKills, stat.oom_kills, 1);
  }

 private:
  const uint64_t page_bytes_ = static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
};

}  // namespace

std::unique_ptr<Collector> MakeVmstatCollector() { return std::make_unique<VmstatCollector>(); }

}  // namespace memleak
