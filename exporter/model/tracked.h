// What the trend stage keeps with the processes, groups and cgroups of the model. The model asks
// only who is a suspect, and forgets both when another entity takes the row.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>

namespace memleak {

// What its history says of an entity, told between a pass and the choice of what is exported.
struct Standing {
  static constexpr double kNever = std::numeric_limits<double>::infinity();
  static constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

  bool suspect = false;              // leaks, or runs out within four hours
  double baseline_bytes = kUnknown;  // of its footprint
  // Until its memory and its descriptors run out.
  double exhaustion_seconds = kNever;
  double fd_exhaustion_seconds = kNever;

  double ExhaustsIn() const { return std::min(exhaustion_seconds, fd_exhaustion_seconds); }
};

// Its footprint when this life of it was seen first, by this run of the exporter: what a change is
// told against before there is a baseline.
struct FirstSight {
  double time = Standing::kUnknown;  // seconds since boot
  double footprint = Standing::kUnknown;
};

struct Tracked {
  static constexpr uint32_t kNoHistory = std::numeric_limits<uint32_t>::max();

  uint32_t history = kNoHistory;  // the trend stage's
  Standing standing;
  FirstSight first_sight;
};

}  // namespace memleak
