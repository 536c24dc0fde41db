// When is the limit reached?
#include <algorithm>
#include <cmath>
#include <limits>

#include "exporter/trend/growth.h"

namespace memleak {
namespace {

constexpr double kExhaustionSlots = 240;  // recent slopes predict no further

}  // namespace

// From the last few samples: a leak that is about to hit its limit is told before it can be judged.
double Trend::RecentExhaustion(size_t index) const {
  const double never = std::numeric_limits<double>::infinity();
  const Resource& resource = resources_[index];
  // The last four, or more until they are half a slot.
  constexpr size_t kFewest = 4;
  if (recent_count_ < kFewest || std::isnan(resource.headroom)) return never;
  const Recent& last = recent_[recent_count_ - 1U];
  size_t begin = recent_count_ - kFewest;
  const double least_span = 0.45 * static_cast<double>(slot_);
  while (begin > 0 && last.time - recent_[begin].time < least_span) --begin;
  const Recent& first = recent_[begin];
  const double span = last.time - first.time;
  if (span < least_span) return never;
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (size_t i = begin; i + 1 < recent_count_; ++i) {
    const double slope = (recent_[i + 1].values[index] - recent_[i].values[index]) /
                         (recent_[i + 1].time - recent_[i].time);
    if (!(slope > 0)) return never;
    least = std::min(least, slope);
    most = std::max(most, slope);
  }
  const double gain = last.values[index] - first.values[index];
  constexpr double kSustained = 0.3;
  if (least < kSustained * most || gain < Floor(index, first.values[index])) return never;
  const double left = resource.headroom / (gain / span);
  return left <= kExhaustionSlots * slot_ ? left : never;
}

double Trend::ExhaustionSeconds(size_t index) const {
  const Resource& resource = resources_[index];
  const double never = std::numeric_limits<double>::infinity();
  if (std::isnan(resource.headroom)) return never;
  if (resource.growth_level < 0 || resource.slope <= 0) return RecentExhaustion(index);
  const double now = Relative(last_time_);
  const double line = resource.line + static_cast<double>(resource.slope) *
                                          (now - static_cast<double>(resource.line_time));
  const double above = static_cast<double>(resource.value) + resource.offset - line;
  const double room = static_cast<double>(resource.headroom) + above - resource.peak_height;
  return TimeToGain(resource, std::max(room, 0.0));
}

// dx/dt goes as (time since the start)^(p-1).
double Trend::TimeToGain(const Resource& resource, double gain) {
  const double straight = gain / resource.slope;
  if (resource.power == 1) return straight;
  const double age = std::max(resource.line_time - resource.start_time, 1.0F);
  const double power = resource.power;
  return age * (std::pow(1 + straight * power / age, 1 / power) - 1);
}

}  // namespace memleak
