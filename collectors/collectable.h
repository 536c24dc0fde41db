// Plugs anything that prometheus-cpp can collect into a scrape: its families go through the same
// writer, so they come in both formats and are escaped once.
//
// Timestamps of metrics are left out: what is exported is of now. Label values are bounded as all
// others are (model/label_text.h).
#pragma once

#include <prometheus/collectable.h>

#include <memory>
#include <utility>
#include <vector>

#include "collectors/collector.h"
#include "exporter/exposition/metric_writer.h"

namespace memleak {

// Writes `families`. A counter is named with or without "_total" in prometheus-cpp and always with
// it here; a unit is taken from a name that ends in "_bytes" or "_seconds". Throws
// std::invalid_argument for a name that would make the whole body unreadable.
void WriteFamilies(const std::vector<prometheus::MetricFamily>& families, MetricWriter& writer);

class CollectableCollector : public Collector {
 public:
  explicit CollectableCollector(std::shared_ptr<prometheus::Collectable> collectable)
      : collectable_(std::move(collectable)) {}

  void Collect(const Snapshot& snapshot, MetricWriter& writer) override;

 private:
  std::shared_ptr<prometheus::Collectable> collectable_;
};

}  // namespace memleak
