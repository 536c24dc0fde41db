// What the parts of the judgement pass on to each other. Only for the engine's own sources.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "exporter/trend/trend.h"

namespace memleak {

// A window has at least so many points.
inline constexpr size_t kFewestPoints = 10;
inline constexpr size_t kFewestDays = 8;  // at the coarsest level, where they are a day and a half

// The points of a resource at a level, oldest first, with the slots that they are of.
struct Trend::Window {
  int level = 0;
  size_t count = 0;
  std::array<Point, kSlots> points;
  std::array<const Slot*, kSlots> slots;

  std::span<const Point> all() const { return std::span(points).first(count); }
};

// What a window shows, and how it began.
struct Trend::Growth {
  double tau = 0;
  Line line;
  double gain = 0;
  double from = 0;  // where it began: time and level
  double start_level = 0;
  double window = 0;        // in which the line was fitted
  double power = 1;         // of time that the growth goes as
  bool keeps_pace = false;  // its last third is hardly slower than the one before
  bool slows_down = false;
  bool explained = false;
  bool load_known = false;
  double load_change = kUnknown;
  double idle_growth = 0;
  double idle_seconds = 0;
  TrendPattern pattern = TrendPattern::kClimb;
  bool leak = false;
};

}  // namespace memleak
