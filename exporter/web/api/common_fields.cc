#include "exporter/web/api/common_fields.h"

#include <cmath>

namespace memleak {

std::optional<uint64_t> FootprintOf(const Process& process) {
  return process.sample.memory.Footprint();
}
std::optional<uint64_t> FootprintOf(const Group& group) { return group.sums.Footprint(); }
std::optional<uint64_t> FootprintOf(const Cgroup& cgroup) { return cgroup.memory.Footprint(); }

std::optional<uint64_t> HeadroomOf(const Process& process, const Snapshot& snapshot) {
  return snapshot.Headroom(process.cgroup);
}
std::optional<uint64_t> HeadroomOf(const Group& group, const Snapshot& snapshot) {
  return group.sums.processes > 0 ? snapshot.Headroom(group.cgroup) : std::nullopt;
}
std::optional<uint64_t> HeadroomOf(const Cgroup& cgroup, const Snapshot& /*snapshot*/) {
  return cgroup.headroom;
}

std::optional<Reference> ReferenceOf(const Tracked& tracked, const Trend* trend, double now) {
  if (trend != nullptr) {
    const Verdict verdict = trend->Judge(kFootprintTrend);
    if (verdict.baseline) {
      return Reference{"baseline", *verdict.baseline, verdict.baseline_time.value_or(now)};
    }
  }
  const FirstSight& first = tracked.first_sight;
  // NaN is not less.
  if (!(first.time < now) || std::isnan(first.footprint)) return std::nullopt;
  return Reference{"first-sight", first.footprint, first.time};
}

}  // namespace memleak
