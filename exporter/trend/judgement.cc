// Is the growth that of a leak, and until when?
//
// The rules and where they come from: tests/corpus/README.md. Every number here was chosen on the
// development families of the corpus, none on the held-out ones.
#include <algorithm>
#include <cmath>

#include "exporter/trend/growth.h"

namespace memleak {
namespace {

// A verdict is held for two windows in a row.
constexpr uint8_t kInARow = 2;

// The shape of a leak.
constexpr double kLeakTau = 0.85;
constexpr double kLargestShift = 0.55;  // of the gain: more is a step
constexpr double kLateSlope = 0.45;     // of the window's second half over its first
constexpr double kDriftKnown = 3.0;  // standard errors from a walk, where load speaks against one
constexpr double kDriftUnknown = 5.0;
constexpr double kDriftOfDays = 2.5;  // noise weighs less against days
constexpr double kTauOfDays = 0.9;

// How long growth must go on: until it has used a share of the room that there was, or for some
// slots whatever the room. Less where the load is known and does not explain it.
constexpr double kShareKnown = 0.15;
constexpr double kShareUnknown = 0.32;
constexpr double kShortestSlots = 20;
constexpr double kHurriedSlots = 60;  // a share that was used so fast must be larger
constexpr double kHurriedShare = 1.5;
constexpr double kLongSlotsKnown = 720;
constexpr double kLongSlotsUnknown = 960;
constexpr double kMultiplyingSlots = 60;
constexpr double kMultiple = 3;  // of where it began, gained on top of it

constexpr double kSiblings = 0.6;

}  // namespace

void Trend::Look(int level, int64_t number) {
  for (size_t i = 0; i < kTrendResources; ++i) {
    if (shape_[i] != Quantity::kNone && At(level, number).troughs[i] != kCodeUnknown) {
      LookAt(i, level, number);
    }
  }
}

void Trend::LookAt(size_t index, int level, int64_t number) {
  Resource& resource = resources_[index];
  if (level == 0 && !resource.known) {
    resource.known = number - skip_until_ + 1 >= kBaselineEndSlot - kWarmUpSlots;
  }
  if (resource.raised) Check(index, level, number);

  uint8_t& streak = resource.streak[static_cast<size_t>(level)];
  Growth growth;
  bool grows = false;
  const double newest = DecodeLog(At(level, number).troughs[index]);
  for (const int count : {kSlots, 10}) {
    // Most do not grow: known without the whole window.
    LogCode oldest = kCodeUnknown;
    for (int64_t n = std::max<int64_t>(0, number - count + 1); oldest == kCodeUnknown; ++n) {
      oldest = At(level, n).troughs[index];
    }
    const double first = DecodeLog(oldest);
    if (newest - first < Floor(index, first) / 2) continue;
    const Window window = WindowOf(index, level, number, count);
    if (window.count < (level == kLevels - 1 ? kFewestDays : kFewestPoints)) break;
    Growth found;
    if (!Measure(index, window, found)) continue;
    if (!grows || found.leak) growth = found;
    grows = true;
    if (growth.leak) break;
  }
  // The longest window that shows growth tells its pace.
  if (grows && level >= resource.growth_level) {
    resource.growth_level = static_cast<int8_t>(level);
    resource.slope = static_cast<float>(growth.line.slope);
    resource.window = static_cast<float>(growth.window);
    resource.power = static_cast<float>(growth.power);
    resource.line_time = static_cast<float>(number_ * static_cast<double>(slot_));
    resource.line = static_cast<float>(growth.line.At(resource.line_time));
    resource.start_time = static_cast<float>(growth.from);
    resource.start_level = static_cast<float>(growth.start_level);
    resource.steadiness = static_cast<float>(growth.tau);
    resource.load_change = static_cast<float>(growth.load_change);
    if (!resource.raised) resource.pattern = growth.pattern;
  } else if (!grows && level == resource.growth_level) {
    resource.growth_level = -1;
    resource.slope = 0;
    if (!resource.raised) resource.start_time = kNone;
  }
  if (grows && growth.idle_growth > 0) {
    resource.idle_growth = static_cast<float>(growth.idle_growth);
    resource.idle_seconds = static_cast<float>(growth.idle_seconds);
    if (resource.raised) resource.confirmed = true;
  }
  streak = growth.leak ? static_cast<uint8_t>(std::min<int>(streak + 1, kInARow)) : uint8_t{0};
  if (streak >= (level >= kLevels - 2 ? 1 : kInARow)) Raise(resource, level, growth);
}

void Trend::Raise(Resource& resource, int level, const Growth& growth) {
  if (resource.raised) {
    resource.raised_level = static_cast<int8_t>(std::max<int>(level, resource.raised_level));
  } else {
    resource.raised = true;
    resource.raised_level = static_cast<int8_t>(level);
    resource.raised_from = static_cast<float>(growth.start_level);
  }
  resource.pattern = restarts_ > 0 && resource.offset > 0 ? TrendPattern::kClimbUntilRestart
                                                          : TrendPattern::kClimb;
  resource.confirmed = resource.confirmed || growth.idle_growth > 0;
}

// A suspicion ends when the last 12 slots of the scale that raised it show no growth, or when the
// lowest points are back where the growth began.
void Trend::Check(size_t index, int level, int64_t number) {
  Resource& resource = resources_[index];
  bool over = false;
  const double now = DecodeLog(At(level, number).troughs[index]);
  if (level <= 1 && !std::isnan(resource.raised_from) && now < resource.raised_from) over = true;
  // At the coarsest scale 12 slots are two days: a day must do.
  constexpr int kCheckSlots = 12;
  constexpr int kCoarseCheckSlots = 5;
  if (!over && level == resource.raised_level) {
    const int count = level == kLevels - 1 ? kCoarseCheckSlots : kCheckSlots;
    // A restart does not end it: only what one life shows.
    if (number - (life_number_ >> (2 * level)) < count) return;
    const Window window = WindowOf(index, level, number, count);
    if (window.count + 1 >= static_cast<size_t>(count)) {
      const Line line = TheilSen(window.all());
      const double span = window.points[window.count - 1].time - window.points[0].time;
      constexpr double kStillRising = 0.3;
      over = over || KendallTau(window.all()) < kStillRising ||
             line.slope * span < Floor(index, now) / 4;
    }
  }
  if (!over) return;
  resource.raised = false;
  resource.raised_level = -1;
  resource.confirmed = false;
  resource.idle_growth = 0;
  resource.streak.fill(0);
}

bool Trend::IsLeak(size_t index, const Window& window, Growth& growth) const {
  const Resource& resource = resources_[index];
  const auto points = window.all();
  const double now = points.back().time;
  const double age = now - growth.from;
  const double now_level = growth.line.At(now);
  const double gained = now_level - growth.start_level;

  if (LargestShift(points) > kLargestShift * growth.gain) {
    growth.pattern = TrendPattern::kSteps;
    return false;
  }
  const auto middle = points.size() / 2;
  const double first_slope = TheilSen(points.first(middle)).slope;
  const double second_slope = TheilSen(points.subspan(middle)).slope;
  if (growth.slows_down || second_slope < kLateSlope * first_slope) {
    growth.pattern = TrendPattern::kWarmUp;
    return false;
  }
  if (growth.explained) {
    growth.pattern = TrendPattern::kFollowsLoad;
    return false;
  }
  // Within one tooth of a saw a leak cannot be told from its neighbours.
  constexpr double kOverTop = 0.4;
  constexpr double kTeethInWindow = 2.5;
  const double seen = now - points.front().time;
  if (!std::isnan(resource.tooth_top) && seen < kTeethInWindow * resource.tooth_period &&
      now_level <= resource.tooth_top + kOverTop * (resource.tooth_top - growth.start_level)) {
    growth.pattern = TrendPattern::kSawtooth;
    return false;
  }
  const bool idle = growth.idle_growth >= Floor(index, growth.start_level);
  if (!idle) growth.idle_growth = 0;
  if (growth.tau < kLeakTau) return false;
  const bool days = window.level == kLevels - 1;
  if (days && growth.tau < kTauOfDays) return false;
  if (DriftScore(points) < (days                ? kDriftOfDays
                            : growth.load_known ? kDriftKnown
                                                : kDriftUnknown)) {
    return false;
  }
  if (idle) return true;

  // A window says nothing of a growth that is much longer than it.
  constexpr double kLongest = 2.6;
  if (age > kLongest * (now - points.front().time)) return false;

  const double slots = age / slot_;
  if (slots < kShortestSlots) return false;
  const double room = static_cast<double>(resource.headroom) - resource.peak_height;
  // Of the room that there was, or of the time that there was: growth may gain pace.
  const double left = std::max(room, 0.0);
  const double share =
      std::isnan(room) ? 0
                       : std::max(gained / (gained + left), age / (age + left / growth.line.slope));
  const double needed = (growth.load_known ? kShareKnown : kShareUnknown) *
                        (slots < kHurriedSlots ? kHurriedShare : 1);
  if (share >= needed) return true;
  // Growth by a small share of what is held may be settling, growth by several times of it hardly.
  constexpr double kUsualGain = 0.4;
  constexpr double kLeastPatience = 0.5;
  constexpr double kMostPatience = 1.4;
  const double patience = std::clamp(std::sqrt(kUsualGain * growth.start_level / gained),
                                     kLeastPatience, kMostPatience);
  if (slots >= patience * (growth.load_known ? kLongSlotsKnown : kLongSlotsUnknown)) return true;
  return growth.load_known && slots >= kMultiplyingSlots && growth.keeps_pace &&
         gained >= kMultiple * growth.start_level;
}

Verdict Trend::Judge(size_t index) const {
  const Resource& resource = resources_[index];
  Verdict verdict;
  const auto absolute = [&](float time) { return origin_ + static_cast<double>(time); };
  if (!std::isnan(resource.baseline)) {
    verdict.baseline = resource.baseline;
    verdict.baseline_time = absolute(resource.baseline_time);
  }
  const double exhaustion = ExhaustionSeconds(index);
  if (std::isfinite(exhaustion)) verdict.exhaustion_seconds = exhaustion;
  const bool grows = resource.growth_level >= 0 && resource.slope > 0;
  if (grows) {
    verdict.growth_per_second = resource.slope;
    verdict.window_seconds = resource.window;
    verdict.growth_start = absolute(resource.start_time);
    TrendEvidence& evidence = verdict.evidence;
    evidence.from = static_cast<double>(resource.start_level) - resource.offset;
    evidence.to = static_cast<double>(resource.value);
    evidence.over_seconds = last_time_ - *verdict.growth_start;
    evidence.steadiness = resource.steadiness;
    if (!std::isnan(resource.load_change)) evidence.load_change = resource.load_change;
    evidence.restarts = restarts_;
  } else if (resource.known) {
    verdict.growth_per_second = 0;
  }
  if (resource.idle_growth > 0) {
    verdict.evidence.idle_growth = resource.idle_growth;
    verdict.evidence.idle_seconds = resource.idle_seconds;
  }
  if (!std::isnan(siblings_)) verdict.evidence.sibling_correlation = siblings_;

  verdict.pattern = grows || resource.raised ? resource.pattern : TrendPattern::kFlat;
  if (resource.raised) {
    verdict.state = TrendState::kLeaking;
    verdict.confidence =
        resource.confirmed || siblings_ >= kSiblings ? Confidence::kConfirmed : Confidence::kLikely;
  } else if (!resource.known) {
    verdict.state = TrendState::kUnknown;
    const double needed =
        (skip_until_ + kBaselineEndSlot - kWarmUpSlots) * static_cast<double>(slot_);
    verdict.known_in_seconds = std::max(0.0, needed - Relative(last_time_));
  } else if (grows) {
    verdict.state =
        resource.pattern == TrendPattern::kWarmUp ? TrendState::kWarming : TrendState::kGrowing;
  } else {
    verdict.state = TrendState::kSteady;
    constexpr uint8_t kTeeth = 2;
    if (resource.drops >= kTeeth) verdict.pattern = TrendPattern::kSawtooth;
  }
  return verdict;
}

}  // namespace memleak
