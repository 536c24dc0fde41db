// The exporter's own metrics: a prometheus-cpp registry, rendered into the same body as everything
// else. Always served, whatever was chosen.
#pragma once

#include <memory>
#include <string_view>

#include "exporter/exposition/metric_writer.h"
#include "exporter/model/snapshot.h"

namespace memleak {

class ExporterMetrics {
 public:
  ExporterMetrics();
  ~ExporterMetrics();

  // What one collector did in this scrape.
  void RecordCollector(std::string_view name, bool success, double seconds);
  // Takes over the counts of `snapshot` and writes all families.
  void Write(const Snapshot& snapshot, MetricWriter& writer);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace memleak
