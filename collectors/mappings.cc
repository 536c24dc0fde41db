#include "collectors/mappings.h"

#include <stdexcept>
#include <string>

namespace memleak {
namespace {

constexpr Family kMapped = BytesGauge(
    "memleak_process_mapped_memory_bytes",
    "Suspects only: Rss by kind of mapping. heap is what brk(2) gave, anonymous malloc's large "
    "blocks and arenas and threads' stacks, stack the main thread's, shared shared memory and "
    "memfds.");
constexpr Family kProportional =
    BytesGauge("memleak_process_proportional_memory_bytes",
               "Suspects only: Pss, memory with shared pages divided by those who share them.");

class MappingsCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    const auto for_each_shown = [&](auto&& write) {
      for (const Process* process : *snapshot.exported) {
        if (process->evidence == nullptr) continue;
        if (const Mappings* mappings = process->evidence->mappings.Shown()) {
          write(process->labels, *mappings);
        }
      }
    };
    writer.Begin(kMapped);
    for_each_shown([&](const std::string& labels, const Mappings& mappings) {
      for (size_t i = 0; i < kMappingKinds; ++i) {
        text_.assign(labels).append(R"(,mapping=")").append(kMappingKindNames[i]).append(1, '"');
        writer.Sample(text_, mappings.resident[i]);
      }
    });
    writer.Begin(kProportional);
    for_each_shown([&](const std::string& labels, const Mappings& mappings) {
      writer.Sample(labels, mappings.proportional);
    });
  }

 private:
  std::string text_;  // a sample's labels, reused
};

}  // namespace

std::unique_ptr<Collector> MakeMappingsCollector() { return std::make_unique<MappingsCollector>(); }

}  // namespace memleak
