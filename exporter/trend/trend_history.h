// The history of one resource as people look at it: the points of a plot, and the line through
// them.
//
// Plain values, a fixed size. Times are in the clock of the samples, in seconds; values in the
// resource's unit.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>

#include "exporter/trend/fit.h"

namespace memleak {

struct TrendHistory {
  // The lowest value of each slot that is over, at the slot's beginning, long slots before short
  // ones, and last the value now. Of the warm-up of a life no slots are kept.
  std::array<Point, kMaxFitPoints + 1> points;
  size_t count = 0;
  // Lives of a restarted program are joined into one curve, each lifted to where the last one
  // ended: what they were is known only of one restart. Otherwise all is as it was measured.
  bool joined = false;

  // The growth that is seen now: a line with this slope (per second) through this point.
  std::optional<double> slope;
  Point through;
  std::optional<double> limit;  // the value at which the nearest limit is reached

  std::span<const Point> all() const { return std::span(points).first(count); }
};

}  // namespace memleak
