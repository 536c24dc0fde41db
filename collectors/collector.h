// What a collector is: one class that turns a snapshot into metric families, and a constexpr
// CollectorInfo beside it. registry.cc lists them; README.md shows how to add one.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "exporter/exposition/metric_writer.h"
#include "exporter/model/snapshot.h"

namespace memleak {

class Collector {
 public:
  virtual ~Collector() = default;

  // Appends this collector's families, each one contiguous. `snapshot` does not change meanwhile.
  // What is unknown is left out, never written as 0. Throwing std::exception rolls back what was
  // written and shows as memleak_scrape_collector_success 0.
  virtual void Collect(const Snapshot& snapshot, MetricWriter& writer) = 0;
};

struct CollectorInfo {
  std::string_view name;  // --collector.NAME, collect[]=NAME
  std::string_view help;  // one line for --list-collectors
  bool enabled_by_default;
  Needs needs;  // what the host has to be asked for; what nobody needs is not read
  std::unique_ptr<Collector> (*make)();
};

}  // namespace memleak
