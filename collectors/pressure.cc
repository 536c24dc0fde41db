#include "collectors/pressure.h"

#include <optional>
#include <stdexcept>

namespace memleak {
namespace {

constexpr Family kWaiting = {
    "memleak_node_memory_pressure_waiting_seconds", MetricType::kCounter, "seconds",
    "some: time in which at least one task waited for memory; absent where the kernel does not "
    "measure it."};
constexpr Family kStalled = {"memleak_node_memory_pressure_stalled_seconds", MetricType::kCounter,
                             "seconds",
                             "full: time in which every task that had work waited for memory."};

class PressureCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.memory_pressure) throw std::runtime_error("pressure/memory cannot be read");
    const auto write = [&](const Family& family, std::optional<uint64_t> microseconds) {
      writer.Begin(family);
      if (microseconds) writer.Sample({}, static_cast<double>(*microseconds) / 1e6);
    };
    write(kWaiting, snapshot.node.memory_pressure->some_microseconds);
    write(kStalled, snapshot.node.memory_pressure->full_microseconds);
  }
};

}  // namespace

std::unique_ptr<Collector> MakePressureCollector() { return std::make_unique<PressureCollector>(); }

}  // namespace memleak
