#include "exporter/cli/findings.h"

#include <optional>

#include "exporter/trend/figures.h"
#include "exporter/trend/reasons.h"

namespace memleak {

namespace {

// For memory of which the engine says nothing, since it changes little.
std::string PlainChange(const Outline& outline) {
  const Outline::Point& first = outline.first_of_life();
  const Outline::Point& last = outline.last();
  return "went from " + AmountText(first.value, Quantity::kBytes) + " to " +
         AmountText(last.value, Quantity::kBytes) + " in " + DurationText(last.time - first.time);
}

}  // namespace

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
    reasons.push_back("memory " + (growth.empty() ? PlainChange(replay.outline()) : growth));
  }
  return reasons;
}

}  // namespace memleak
