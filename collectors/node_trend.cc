#include "collectors/node_trend.h"

#include <array>
#include <stdexcept>

#include "collectors/trend_families.h"

namespace memleak {
namespace {

constexpr Family kGrowth = {
    "memleak_node_growth_bytes_per_second", MetricType::kGauge, "",
    "How fast the node's memory of this kind grows; 0 when known not to grow."};
constexpr Family kSuspected = {
    "memleak_node_leak_suspected", MetricType::kGauge, "",
    "1 when the node's memory of this kind grows as a leak does; absent while unknown."};
constexpr Family kExhaustion = {
    "memleak_node_exhaustion_seconds", MetricType::kGauge, "seconds",
    "Until MemAvailable and free swap are used up, if it goes on like this; absent when not "
    "growing."};

// In the order of NodeResource.
constexpr std::array<std::string_view, kNodeResourceNames.size()> kLabels = {
    R"(resource="used")",        R"(resource="swap")",  R"(resource="slab_unreclaimable")",
    R"(resource="page_tables")", R"(resource="shmem")", R"(resource="vmalloc")",
    R"(resource="percpu")"};

class NodeTrendCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.meminfo) throw std::runtime_error("meminfo cannot be read");
    if (snapshot.trends == nullptr) return;
    std::array<Verdict, kLabels.size()> verdicts;
    for (size_t i = 0; i < verdicts.size(); ++i) {
      const Trend* trend = snapshot.trends->OfNode(static_cast<NodeResource>(i));
      if (trend != nullptr) verdicts[i] = trend->Judge(0);
    }
    const auto write = [&](const Family& family, auto&& value) {
      writer.Begin(family);
      for (size_t i = 0; i < verdicts.size(); ++i) {
        if (const auto known = value(verdicts[i])) writer.Sample(kLabels[i], *known);
      }
    };
    write(kGrowth, [](const Verdict& verdict) { return verdict.growth_per_second; });
    write(kSuspected, SuspectedValue);
    writer.Begin(kExhaustion);
    const auto exhaustion = ExhaustionValue(snapshot.node_standing.exhaustion_seconds);
    if (exhaustion) writer.Sample({}, *exhaustion);
  }
};

}  // namespace

std::unique_ptr<Collector> MakeNodeTrendCollector() {
  return std::make_unique<NodeTrendCollector>();
}

}  // namespace memleak
