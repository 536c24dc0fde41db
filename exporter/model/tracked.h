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

  bool suspect = false;  // leaks, or runs out within four hours
  // Until its memory and its descriptors run out.
  double exhaustion_seconds = kNever;
  double fd_exhaustion_seconds = kNever;

  double ExhaustsIn() const { return std::min(exhaustion_seconds, fd_exhaustion_seconds); }
};

struct Tracked {
  static constexpr uint32_t kNoHistory = std::numeric_limits<uint32_t>::max();

  uint32_t history = kNoHistory;  // the trend stage's
  Standing standing;
};

}  // namespace memleak
