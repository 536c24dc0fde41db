#include "collectors/buddyinfo.h"

#include <array>
#include <stdexcept>
#include <string>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

constexpr Family kFreeBlocks = {
    "memleak_node_buddy_free_blocks", MetricType::kGauge, "",
    "Free blocks of 2^order pages; where the high orders are 0, memory is fragmented."};

class BuddyinfoCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.node.buddyinfo) throw std::runtime_error("buddyinfo cannot be read");
    const BuddyInfo& info = *snapshot.node.buddyinfo;
    writer.Begin(kFreeBlocks);
    for (size_t i = 0; i < info.zones; ++i) {
      const BuddyZone& zone = info.zone[i];
      const Labels& labels = LabelsOf(zone, labels_[i]);
      for (size_t order = 0; order < zone.orders; ++order) {
        writer.Sample(labels.text[order], zone.free_blocks[order]);
      }
    }
  }

 private:
  // A zone's label texts, rendered when it is first seen in its place: zones come and go only when
  // memory is plugged in.
  struct Labels {
    uint32_t numa_node = 0;
    std::string zone;
    std::array<std::string, BuddyZone::kMaxOrders> text;
  };

  static const Labels& LabelsOf(const BuddyZone& zone, Labels& labels) {
    if (labels.zone == zone.name && labels.numa_node == zone.numa_node) return labels;
    labels.numa_node = zone.numa_node;
    labels.zone = zone.name;
    for (size_t order = 0; order < labels.text.size(); ++order) {
      std::string& text = labels.text[order];
      text.clear();
      AppendLabel(text, "numa_node", std::to_string(zone.numa_node));
      AppendLabel(text, "zone", zone.name);
      AppendLabel(text, "order", std::to_string(order));
    }
    return labels;
  }

  std::array<Labels, BuddyInfo::kMaxZones> labels_;
};

}  // namespace

std::unique_ptr<Collector> MakeBuddyinfoCollector() {
  return std::make_unique<BuddyinfoCollector>();
}

}  // namespace memleak
