#include "exporter/trend/trend_history.h"

#include <algorithm>
#include <cmath>

#include "exporter/trend/trend.h"

namespace memleak {

TrendHistory Trend::History(size_t index) const {
  const Resource& resource = resources_[index];
  TrendHistory history;
  // The offset of this life is kept, those of lives before it are not; the first one's is none.
  history.joined = resource.offset != 0 && restarts_ > 1;
  const double life_began = life_number_ * static_cast<double>(slot_);
  const auto measured = [&](const Point& point) {
    const bool of_this_life = point.time >= life_began;
    return history.joined || !of_this_life ? point.value
                                           : std::max(point.value - resource.offset, 0.0);
  };

  history.count = Curve(index, std::span(history.points).first(kMaxFitPoints));
  for (Point& point : std::span(history.points).first(history.count)) {
    const double value = measured(point);
    // A long slot may have begun in the warm-up.
    const double begun = std::max(point.time, curve_from_ * static_cast<double>(slot_));
    point = {origin_ + begun, value};
  }

  // How far a new life is lifted is known once its warm-up is over.
  const bool lifted = history.joined && resource.join_to == 0;
  if (!std::isnan(resource.value) && (lifted || !history.joined)) {
    const double lift = lifted ? resource.offset : 0;
    const double now = resource.value + lift;
    history.points[history.count++] = {last_time_, now};
    if (!std::isnan(resource.headroom)) history.limit = now + resource.headroom;
  }
  if (resource.growth_level >= 0 && resource.slope > 0) {
    const double since = Relative(last_time_) - static_cast<double>(resource.line_time);
    const double curve = resource.line + static_cast<double>(resource.slope) * since;
    history.slope = resource.slope;
    history.through = {last_time_, history.joined ? curve : curve - resource.offset};
  }
  return history;
}

}  // namespace memleak
