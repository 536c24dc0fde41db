// What the history means: is there growth, is it that of a leak, when does it reach the limit.
//
// The rules and where they come from: tests/corpus/README.md. Every number here was chosen on the
// development families of the corpus, none on the held-out ones.
#include <algorithm>
#include <cmath>
#include <limits>

#include "exporter/trend/trend.h"

namespace memleak {
namespace {

// A window has at least so many points, and a verdict is held for two windows in a row.
constexpr size_t kFewestPoints = 10;
constexpr uint8_t kInARow = 2;

// Growth.
constexpr double kGrowthTau = 0.7;
constexpr double kNoiseFactor = 4;  // of the median distance from the line

// A leak's growth.
constexpr double kLeakTau = 0.8;
constexpr double kLargestShift = 0.55;  // of the gain: more is a step
constexpr double kLateSlope = 0.6;      // of the window's second half over its first
constexpr double kLateCurve = 0.56;     // of the growth's last 45 % over its first
constexpr double kDriftKnown = 3.0;  // standard errors from a walk, where load speaks against one
constexpr double kDriftUnknown = 4.0;

// How long growth must go on: until it has used a share of the room that there was, or for some
// slots whatever the room. Less where the load is known and does not explain it.
constexpr double kShareKnown = 0.18;
constexpr double kShareUnknown = 0.26;
constexpr double kShortestSlots = 20;
constexpr double kLongSlotsKnown = 720;
constexpr double kLongSlotsUnknown = 960;
constexpr double kMultiplyingSlots = 60;
constexpr double kMultiple = 3;  // of where it began, gained on top of it

// Load.
constexpr double kLoadRise = 1.1;      // of load, to explain anything
constexpr double kElasticity = 1.5;    // memory may rise by so much more than load did
constexpr double kWorkElasticity = 4;  // descriptors and threads have a part that never changes
constexpr double kUnexplained = 0.35;  // share of the slope that load may leave
constexpr double kIdle = 0.05;         // of the highest load
constexpr size_t kIdlePoints = 8;

constexpr double kExhaustionSlots = 240;  // recent slopes predict no further
constexpr double kSiblings = 0.6;

double Third(std::span<const double> values, bool last) {
  std::array<double, 16> third{};
  const size_t count = std::max<size_t>(1, values.size() / 3);
  const auto part = last ? values.last(count) : values.first(count);
  std::copy(part.begin(), part.end(), third.begin());
  return MedianOf(std::span(third).first(count));
}

}  // namespace

struct Trend::Window {
  int level = 0;
  size_t count = 0;
  std::array<Point, kSlots> points;
  std::array<const Slot*, kSlots> slots;

  std::span<const Point> all() const { return std::span(points).first(count); }
};

struct Trend::Growth {
  double tau = 0;
  Line line;
  double gain = 0;
  double from = 0;  // where it began: time and level
  double start_level = 0;
  double window = 0;  // in which the line was fitted
  bool slows_down = false;
  bool explained = false;
  bool load_known = false;
  double load_change = kUnknown;
  double idle_growth = 0;
  double idle_seconds = 0;
  TrendPattern pattern = TrendPattern::kClimb;
  bool leak = false;
};

double Trend::Floor(size_t index, double level) const {
  if (shape_[index] == Quantity::kDescriptors) return std::max(16.0, 0.05 * level);
  constexpr double kLeast = 6.0 * (1 << 20);
  return std::max(kLeast, 0.015 * level);
}

Trend::Window Trend::WindowOf(size_t index, int level, int64_t number, int count) const {
  Window window;
  window.level = level;
  const double length = Length(level);
  for (int64_t n = std::max<int64_t>(0, number - count + 1); n <= number; ++n) {
    const Slot& slot = At(level, n);
    const LogCode code = slot.troughs[index];
    if (code == kCodeUnknown) continue;
    window.slots[window.count] = &slot;
    window.points[window.count++] = {(static_cast<double>(n) + 0.5) * length, DecodeLog(code)};
  }
  return window;
}

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
  for (const int count : {kSlots, 10}) {
    const Window window = WindowOf(index, level, number, count);
    if (window.count < kFewestPoints) break;
    Growth found;
    if (!Measure(index, window, found)) {
      // What does not rise over the whole window may rise over its end; only newer levels care.
      continue;
    }
    if (!grows || found.leak) growth = found;
    grows = true;
    if (growth.leak) break;
  }
  if (grows && level >= resource.growth_level) {
    if (resource.growth_level < 0) resource.peak_height = 0;
    resource.growth_level = static_cast<int8_t>(level);
    resource.slope = static_cast<float>(growth.line.slope);
    resource.window = static_cast<float>(growth.window);
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
  if (streak >= kInARow) Raise(resource, level, growth);
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
  if (level == resource.raised_level) {
    const int count = level == kLevels - 1 ? kCoarseCheckSlots : kCheckSlots;
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

bool Trend::Measure(size_t index, const Window& window, Growth& growth) const {
  const auto points = window.all();
  const double newest = points.back().value;
  const double floor = Floor(index, points.front().value);
  if (newest - points.front().value < floor / 2) return false;
  growth.tau = KendallTau(points);
  if (growth.tau < kGrowthTau) return false;
  growth.line = TheilSen(points);
  const double span = points.back().time - points.front().time;
  growth.gain = growth.line.slope * span;
  if (growth.gain < floor) return false;
  std::array<double, kSlots> distances;
  for (size_t i = 0; i < points.size(); ++i) {
    distances[i] = std::abs(points[i].value - growth.line.At(points[i].time));
  }
  if (growth.gain < kNoiseFactor * MedianOf(std::span(distances).first(points.size()))) {
    return false;
  }
  FindStart(index, window, growth);
  CompareLoad(window, growth);
  growth.leak = IsLeak(index, window, growth);
  return true;
}

// Back from the window along the curve, as long as it rose at a like pace.
void Trend::FindStart(size_t index, const Window& window, Growth& growth) const {
  std::array<Point, kMaxFitPoints> curve;
  const size_t count = Curve(index, curve);
  const Point first = window.points[0];
  growth.from = first.time;
  growth.start_level = first.value;
  size_t older = 0;
  while (older < count && curve[older].time < first.time) ++older;
  const double tolerance = Floor(index, first.value) / 4;
  constexpr double kLikePace = 0.35;
  constexpr int kMisses = 2;
  double above = first.value;
  int misses = 0;
  for (size_t i = older; i-- > 0 && misses < kMisses;) {
    const double pace = (first.value - curve[i].value) / (first.time - curve[i].time);
    if (curve[i].value <= above + tolerance && pace >= kLikePace * growth.line.slope) {
      growth.from = curve[i].time;
      growth.start_level = curve[i].value;
      above = std::min(above, curve[i].value);
      misses = 0;
    } else {
      ++misses;
    }
  }
  FitLastHalf(index, window, growth);
  growth.slows_down = SlowsDown(std::span(curve).first(count), growth.from);
}

// The near future follows the growth's last half.
void Trend::FitLastHalf(size_t index, const Window& window, Growth& growth) const {
  const double half = (window.points[window.count - 1].time - growth.from) / 2;
  int level = 0;
  while (level + 1 < kLevels && Length(level) * kSlots < half) ++level;
  const auto slots = static_cast<int>(std::ceil(half / Length(level)));
  const Window last =
      WindowOf(index, level, (number_ >> (2 * level)) - 1, std::clamp(slots, 1, kSlots));
  constexpr size_t kEnough = 6;
  if (last.count < kEnough) {
    growth.window = window.points[window.count - 1].time - window.points[0].time;
    return;
  }
  const Line line = TheilSen(last.all());
  if (line.slope <= 0) return;
  growth.line = line;
  growth.window = last.points[last.count - 1].time - last.points[0].time;
}

// Whether a curve gains much less in the last 45 % of its growth than in the 45 % after the first
// tenth: what fills up does, also while each window of it still looks straight.
bool Trend::SlowsDown(std::span<const Point> curve, double from) {
  const auto value_at = [&](double time) {
    size_t i = 0;
    while (i + 1 < curve.size() && curve[i + 1].time < time) ++i;
    if (i + 1 >= curve.size()) return curve.back().value;
    const double part =
        std::clamp((time - curve[i].time) / (curve[i + 1].time - curve[i].time), 0.0, 1.0);
    return curve[i].value + part * (curve[i + 1].value - curve[i].value);
  };
  const double span = curve.back().time - from;
  const double early = value_at(from + 0.1 * span);
  const double middle = value_at(from + 0.55 * span);
  return curve.back().value - middle < kLateCurve * (middle - early);
}

void Trend::CompareLoad(const Window& window, Growth& growth) const {
  const auto points = window.all();
  for (const bool is_cpu : {true, false}) {
    std::array<Point, kSlots> loaded;  // load, value
    std::array<double, kSlots> load;
    std::array<double, kSlots> times;
    size_t count = 0;
    for (size_t i = 0; i < window.count; ++i) {
      const LogCode code = is_cpu ? window.slots[i]->cpu : window.slots[i]->work;
      if (code == kCodeUnknown) continue;
      load[count] = DecodeLog(code);
      times[count] = points[i].time;
      loaded[count++] = {DecodeLog(code), points[i].value};
    }
    if (count < kFewestPoints) continue;
    growth.load_known = true;
    const auto loads = std::span(load).first(count);
    const double before = std::max(1.0, Third(loads, false));
    const double change = Third(loads, true) / before;
    if (is_cpu || std::isnan(growth.load_change)) growth.load_change = change;
    if (is_cpu) CountIdle(window, growth);
    const double elasticity = is_cpu ? kElasticity : kWorkElasticity;
    const double rise = points.back().value / std::max(1.0, points.front().value) - 1;
    if (change < kLoadRise || rise > elasticity * (change - 1)) continue;
    // What is left of the growth when what goes along with load is taken away.
    const double along = LeastSquaresSlope(std::span(loaded).first(count));
    if (along <= 0) continue;
    std::array<Point, kSlots> rest;
    for (size_t i = 0; i < count; ++i) rest[i] = {times[i], loaded[i].value - along * load[i]};
    if (TheilSen(std::span(rest).first(count)).slope < kUnexplained * growth.line.slope) {
      growth.explained = true;
    }
  }
}

// What was gained in the slots at the window's end that hardly used the CPU, against the highest
// load of all that is remembered.
void Trend::CountIdle(const Window& window, Growth& growth) const {
  LogCode highest = 0;
  for (const auto& level : slots_) {
    for (const Slot& slot : level) highest = std::max(highest, slot.cpu);
  }
  const double idle = kIdle * DecodeLog(highest);
  size_t from = window.count;
  while (from > 0 && window.slots[from - 1]->cpu != kCodeUnknown &&
         DecodeLog(window.slots[from - 1]->cpu) <= idle) {
    --from;
  }
  if (window.count - from < kIdlePoints) return;
  const auto points = window.all().subspan(from);
  growth.idle_growth = points.back().value - points.front().value;
  growth.idle_seconds = points.back().time - points.front().time;
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
  constexpr double kOverTop = 0.25;
  if (!std::isnan(resource.tooth_top) && resource.last_drop < points.front().time &&
      now_level <= resource.tooth_top + kOverTop * (resource.tooth_top - growth.start_level)) {
    growth.pattern = TrendPattern::kSawtooth;
    return false;
  }
  const bool idle = growth.idle_growth >= Floor(index, growth.start_level);
  if (!idle) growth.idle_growth = 0;
  if (growth.tau < kLeakTau) return false;
  if (DriftScore(points) < (growth.load_known ? kDriftKnown : kDriftUnknown)) return false;
  if (idle) return true;

  // A window says nothing of a growth that is much longer than it.
  constexpr double kLongest = 2.6;
  if (age > kLongest * (now - points.front().time)) return false;

  const double slots = age / slot_;
  if (slots < kShortestSlots) return false;
  const double room = static_cast<double>(resource.headroom) - resource.peak_height;
  const double share = std::isnan(room) ? 0 : gained / (gained + std::max(room, 0.0));
  if (share >= (growth.load_known ? kShareKnown : kShareUnknown)) return true;
  if (slots >= (growth.load_known ? kLongSlotsKnown : kLongSlotsUnknown)) return true;
  return growth.load_known && slots >= kMultiplyingSlots &&
         gained >= kMultiple * growth.start_level;
}

// From the last few samples: a leak that is about to hit its limit is told before it can be judged.
double Trend::RecentExhaustion(size_t index) const {
  const double never = std::numeric_limits<double>::infinity();
  const Resource& resource = resources_[index];
  constexpr size_t kFewest = 4;
  if (recent_count_ < kFewest || std::isnan(resource.headroom)) return never;
  const Recent& first = recent_[0];
  const Recent& last = recent_[recent_count_ - 1U];
  const double span = last.time - first.time;
  if (span < 0.45 * static_cast<double>(slot_)) return never;
  double least = std::numeric_limits<double>::infinity();
  double most = 0;
  for (size_t i = 0; i + 1 < recent_count_; ++i) {
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
  return std::max(room, 0.0) / resource.slope;
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
