#include "collectors/swap.h"

#include <stdexcept>

namespace memleak {
namespace {

constexpr Family kTotal = BytesGauge("memleak_node_swap_total_bytes", "SwapTotal: swap space.");
constexpr Family kFree =
    BytesGauge("memleak_node_swap_free_bytes", "SwapFree: swap space that nothing uses.");

class SwapCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.meminfo) throw std::runtime_error("meminfo cannot be read");
    const auto write = [&](const Family& family, MemInfoField field) {
      writer.Begin(family);
      const auto& bytes = (*snapshot.node.meminfo)[static_cast<size_t>(field)];
      if (bytes) writer.Sample({}, *bytes);
    };
    write(kTotal, MemInfoField::kSwapTotal);
    write(kFree, MemInfoField::kSwapFree);
  }
};

}  // namespace

std::unique_ptr<Collector> MakeSwapCollector() { return std::make_unique<SwapCollector>(); }

}  // namespace memleak
