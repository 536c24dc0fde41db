#include "collectors/jvm.h"

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include "exporter/model/evidence/evidence.h"
#include "exporter/model/label_text.h"

namespace memleak {
namespace {

using Count = std::optional<uint64_t> JvmHeap::*;

struct BytesRow {
  Count figure;
  Family family;
};

constexpr std::array<BytesRow, 5> kBytesRows = {{
    {&JvmHeap::old_used,
     BytesGauge("memleak_jvm_old_generation_used_bytes",
                "The heap's old generation: objects, and garbage that is not collected yet.")},
    {&JvmHeap::old_capacity, BytesGauge("memleak_jvm_old_generation_capacity_bytes",
                                        "What the old generation may fill before it grows.")},
    {&JvmHeap::old_max,
     BytesGauge("memleak_jvm_old_generation_max_bytes", "What the old generation may grow to.")},
    {&JvmHeap::metaspace_used,
     BytesGauge("memleak_jvm_metaspace_used_bytes", "Classes, outside of the heap.")},
    {&JvmHeap::metaspace_capacity, BytesGauge("memleak_jvm_metaspace_capacity_bytes",
                                              "What metaspace may fill before it grows.")},
}};

constexpr Family kAfterFull = BytesGauge(
    "memleak_jvm_old_generation_after_full_collection_bytes",
    "The old generation's lowest use since the last full collection that was seen: what lives.");
constexpr Family kCollections = {
    "memleak_jvm_collections", MetricType::kCounter, "",
    "Collections since the JVM's start; of a concurrent collector its pauses, several to a cycle."};

struct CollectionsRow {
  Count figure;
  std::string_view collection;
};
constexpr std::array<CollectionsRow, 3> kCollectionsRows = {{
    {&JvmHeap::young_collections, "young"},
    {&JvmHeap::full_collections, "full"},
    {&JvmHeap::concurrent_collections, "concurrent"},
}};

class JvmCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    const auto for_each = [&](auto&& write) {
      for (const Process* process : *snapshot.exported) {
        if (process->evidence == nullptr) continue;
        const JvmHistory& history = process->evidence->jvm;
        if (const JvmHeap* heap = history.heap.Shown()) write(process->labels, *heap, history);
      }
    };
    for (const BytesRow& row : kBytesRows) {
      writer.Begin(row.family);
      for_each([&](const auto& labels, const JvmHeap& heap, const JvmHistory&) {
        if (const auto bytes = heap.*row.figure) writer.Sample(labels, *bytes);
      });
    }
    writer.Begin(kAfterFull);
    for_each([&](const auto& labels, const JvmHeap&, const JvmHistory& history) {
      if (const auto bytes = history.after_full().last()) writer.Sample(labels, *bytes);
    });
    writer.Begin(kCollections);
    for_each([&](const auto& labels, const JvmHeap& heap, const JvmHistory&) {
      for (const CollectionsRow& row : kCollectionsRows) {
        const auto count = heap.*row.figure;
        if (!count) continue;
        labels_ = labels;
        AppendLabel(labels_, "collection", row.collection);
        writer.Sample(labels_, *count);
      }
    });
  }

 private:
  std::string labels_;  // reused
};

}  // namespace

std::unique_ptr<Collector> MakeJvmCollector() { return std::make_unique<JvmCollector>(); }

}  // namespace memleak
