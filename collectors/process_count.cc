#include "collectors/process_count.h"

#include <stdexcept>

namespace memleak {
namespace {

constexpr Family kProcesses = {
    "memleak_node_processes", MetricType::kGauge, "",
    "Processes that /proc lists, kernel threads and zombies too; fewer than there are where "
    "memleak_node_processes_hidden is 1."};
constexpr Family kThreads = {
    "memleak_node_threads", MetricType::kGauge, "",
    "Threads that the kernel has, hidden ones and those of containers too."};
constexpr Family kHidden = {
    "memleak_node_processes_hidden", MetricType::kGauge, "",
    "1 where /proc hides other users' processes from the exporter (hidepid), else 0. "
    "CAP_SYS_PTRACE sees them all."};

class ProcessCountCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    if (!snapshot.node.threads) throw std::runtime_error("loadavg cannot be read");
    const PassCounts& counts = snapshot.counts;
    writer.Begin(kProcesses);
    writer.Sample(
        {}, counts.exported + counts.grouped + counts.pending + counts.denied + counts.malformed);
    writer.Begin(kThreads);
    writer.Sample({}, *snapshot.node.threads);
    writer.Begin(kHidden);
    if (const auto hidden = snapshot.node.processes_hidden) {
      writer.Sample({}, uint64_t{*hidden ? 1u : 0u});
    }
  }
};

}  // namespace

std::unique_ptr<Collector> MakeProcessCountCollector() {
  return std::make_unique<ProcessCountCollector>();
}

}  // namespace memleak
