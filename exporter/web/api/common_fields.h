// The fields that the rows of all lists have: what a history says, and how it changed.
#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "exporter/model/snapshot.h"
#include "exporter/trend/host_trends.h"
#include "exporter/web/api/field.h"

namespace memleak {

std::optional<uint64_t> FootprintOf(const Process& process);
std::optional<uint64_t> FootprintOf(const Group& group);
std::optional<uint64_t> FootprintOf(const Cgroup& cgroup);

std::optional<uint64_t> HeadroomOf(const Process& process, const Snapshot& snapshot);
std::optional<uint64_t> HeadroomOf(const Group& group, const Snapshot& snapshot);
std::optional<uint64_t> HeadroomOf(const Cgroup& cgroup, const Snapshot& snapshot);

template <typename Row>
const Trend* TrendOf(const Row& row, const Snapshot& snapshot) {
  return snapshot.trends != nullptr ? snapshot.trends->Of(row) : nullptr;
}

// What a change of the footprint is told against.
struct Reference {
  std::string_view name;  // "baseline" or "first-sight"
  double footprint = 0;
  double time = 0;  // seconds since boot
};
// Nothing before the second sight of it.
std::optional<Reference> ReferenceOf(const Tracked& tracked, const Trend* trend, double now);

// How it changed since then; nothing where either is unknown.
template <typename Row>
std::optional<Reference> ChangeOf(const Row& row, const Snapshot& snapshot) {
  const auto footprint = FootprintOf(row);
  auto reference = ReferenceOf(row.tracked, TrendOf(row, snapshot), snapshot.time.uptime);
  if (!footprint || !reference) return std::nullopt;
  reference->footprint = static_cast<double>(*footprint) - reference->footprint;
  return reference;
}

// Of its memory; a verdict that knows nothing where there is no history.
template <typename Row>
Verdict VerdictOf(const Row& row, const Snapshot& snapshot) {
  const Trend* trend = TrendOf(row, snapshot);
  return trend != nullptr ? trend->Judge(kFootprintTrend) : Verdict();
}

template <typename Row>
inline constexpr std::array<Field<Row>, 11> kCommonFields = {{
    {"footprint_bytes", [](const Row& row, const Snapshot&) { return Known(FootprintOf(row)); }},
    {"baseline_bytes",
     [](const Row& row, const Snapshot&) { return Known(row.tracked.standing.baseline_bytes); }},
    {"change_bytes",
     [](const Row& row, const Snapshot& snapshot) {
       const auto change = ChangeOf(row, snapshot);
       return change ? Known(change->footprint) : FieldValue();
     }},
    {"change_seconds",
     [](const Row& row, const Snapshot& snapshot) {
       const auto change = ChangeOf(row, snapshot);
       return change ? Known(snapshot.time.uptime - change->time) : FieldValue();
     }},
    {"change_since",
     [](const Row& row, const Snapshot& snapshot) {
       const auto change = ChangeOf(row, snapshot);
       return change ? Known(change->name) : FieldValue();
     }},
    {"growth_bytes_per_second",
     [](const Row& row, const Snapshot& snapshot) {
       return Known(VerdictOf(row, snapshot).growth_per_second);
     }},
    {"exhaustion_seconds",
     [](const Row& row, const Snapshot&) {
       return Known(row.tracked.standing.exhaustion_seconds);
     }},
    {"headroom_bytes",
     [](const Row& row, const Snapshot& snapshot) { return Known(HeadroomOf(row, snapshot)); }},
    {"suspect",
     [](const Row& row, const Snapshot&) { return FieldValue(row.tracked.standing.suspect); }},
    {"state",
     [](const Row& row, const Snapshot& snapshot) {
       if (TrendOf(row, snapshot) == nullptr) return FieldValue();
       const auto state = static_cast<size_t>(VerdictOf(row, snapshot).state);
       return Known(kTrendStateNames[state]);
     }},
    {"known_in_seconds",
     [](const Row& row, const Snapshot& snapshot) {
       return Known(VerdictOf(row, snapshot).known_in_seconds);
     }},
}};

}  // namespace memleak
