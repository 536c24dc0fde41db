#include "exporter/cli/findings.h"

#include <optional>

#include "exporter/trend/figures.h"
#include "exporter/trend/reasons.h"

namespace memleak {

std::vector<std::string> ReasonsOf(const Replay& replay) {
  const bool memory = replay.settings().resource == SeriesResource::kMemory;
  const Quantity quantity = memory ? Quantity::kBytes : Quantity::kDescriptors;
  const Verdict values = replay.VerdictOfValues();
  const std::optional<Verdict> descriptors = replay.VerdictOfDescriptors();
  if (!descriptors || !descriptors->suspected()) return Reasons(values, quantity);

  // What leaks is said first, and the other one's growth beside it.
  std::vector<std::string> reasons;
  if (values.suspected()) {
    reasons = Reasons(values, quantity);
    reasons.push_back(GrowthReason(*descriptors, Quantity::kDescriptors) + " as well");
  } else {
    reasons = Reasons(*descriptors, Quantity::kDescriptors);
    const std::string growth = GrowthReason(values, quantity);
    if (!growth.empty()) reasons.push_back("memory " + growth);
  }
  return reasons;
}

}  // namespace memleak
