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
constexpr size_t kFewestDays = 8;  // at the coarsest level, where they are a day and a half

// Growth.
constexpr double kGrowthTau = 0.7;
constexpr double kNoiseFactor = 4;  // of the median distance from the line

// A leak's growth.
constexpr double kLeakTau = 0.85;
constexpr double kLargestShift = 0.55;  // of the gain: more is a step
constexpr double kLateSlope = 0.45;     // of the window's second half over its first
constexpr double kLateCurve = 0.72;     // of the growth's last third over the one before
constexpr double kLateOfSlow = 0.85;    // the same, where the slope is below so much of the average
constexpr double kSlow = 0.7;
constexpr double kMuchSlower = 0.42;  // the same, whatever the last third says
constexpr double kDriftKnown = 3.0;   // standard errors from a walk, where load speaks against one
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

// Load.
constexpr double kLoadRise = 1.1;      // of load, to explain anything
constexpr double kElasticity = 1.5;    // memory may rise by so much more than load did
constexpr double kWorkElasticity = 4;  // descriptors and threads have a part that never changes
constexpr double kJob = 2;             // work that has just begun: it may go on for long
constexpr double kAlong = 0.25;        // share of the change of work that CPU must show
constexpr double kUnexplained = 0.35;  // share of the slope that load may leave
constexpr double kIdle = 0.2;          // of the highest load
constexpr size_t kIdlePoints = 8;
constexpr double kIdleSlots = 15;
constexpr int32_t kIdleAge = 40;  // slots that must be known to tell idle from busy

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

// A window's values beside one kind of load, where that is known.
struct Trend::Loaded {
  size_t count = 0;
  std::array<double, kSlots> times;
  std::array<double, kSlots> values;
  std::array<double, kSlots> load;

  // From the first third to the last.
  double Change() const { return Change(load); }
  double Change(const std::array<double, kSlots>& of) const {
    const auto known = std::span(of).first(count);
    return Third(known, true) / std::max(1.0, Third(known, false));
  }
  bool Explains(double elasticity, double slope) const {
    const double change = Change();
    if (change < kLoadRise || Change(values) - 1 > elasticity * (change - 1)) return false;
    if (change >= kJob) return true;
    // What is left of the growth when what goes along with load is taken away.
    std::array<Point, kSlots> points;
    for (size_t i = 0; i < count; ++i) points[i] = {load[i], values[i]};
    const double along = LeastSquaresSlope(std::span(points).first(count));
    if (along <= 0) return false;
    for (size_t i = 0; i < count; ++i) points[i] = {times[i], values[i] - along * load[i]};
    return TheilSen(std::span(points).first(count)).slope < kUnexplained * slope;
  }
};

struct Trend::Growth {
  double tau = 0;
  Line line;
  double gain = 0;
  double from = 0;  // where it began: time and level
  double start_level = 0;
  double window = 0;  // in which the line was fitted
  double power = 1;   // of time that the growth goes as
  double late = 1;    // slope of its last third over that of the one before
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
    if (code == kCodeUnknown || !Settled(level, n)) continue;
    window.slots[window.count] = &slot;
    window.points[window.count++] = {static_cast<double>(n) * length, DecodeLog(code)};
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

bool Trend::Measure(size_t index, const Window& window, Growth& growth) const {
  const auto points = window.all();
  const double floor = Floor(index, points.front().value);
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
  // What has come to rest does not grow, whatever it did before.
  constexpr double kAtRest = 0.15;
  const size_t middle = points.size() / 2;
  if (TheilSen(points.subspan(middle)).slope < kAtRest * growth.line.slope) return false;
  FindStart(index, window, growth);
  CompareLoad(index, window, growth);
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
  // It began when it was there for the last time.
  for (size_t i = 0; i < count; ++i) {
    if (curve[i].time > growth.from && curve[i].value <= growth.start_level + tolerance) {
      growth.from = curve[i].time;
    }
  }
  // Near its beginning the pace is mixed with that of the calm before: no longer ago than the line
  // takes to where it began.
  constexpr double kSlack = 1.25;
  growth.from = std::max(
      growth.from, first.time - kSlack * (first.value - growth.start_level) / growth.line.slope);
  FitLastPart(index, window, growth);
  const double late = LateOverEarly(std::span(curve).first(count), growth.from);
  const double average =
      (curve[count - 1].value - growth.start_level) / (curve[count - 1].time - growth.from);
  growth.late = late;
  const double pace = growth.line.slope / average;
  growth.slows_down =
      late < kLateCurve || pace < kMuchSlower || (late < kLateOfSlow && pace < kSlow);
}

// The near future follows the growth's last part, its slope and how that changed: growth like a
// power of time goes on as that power.
void Trend::FitLastPart(size_t index, const Window& window, Growth& growth) const {
  constexpr double kPart = 0.7;
  const double now = window.points[window.count - 1].time;
  const double age = now - growth.from;
  int level = 0;
  while (level + 1 < kLevels && Length(level) * kSlots < kPart * age) ++level;
  // Slots of levels coarser than the window's are not merged yet for the newest of them.
  const auto newest = [&](int of) {
    return ((number_ - (of > window.level ? 1 : 0)) >> (2 * of)) - 1;
  };
  const auto slots = static_cast<int>(std::ceil(kPart * age / Length(level)));
  Window last = WindowOf(index, level, newest(level), std::clamp(slots, 1, kSlots));
  constexpr size_t kEnoughToBend = 8;
  // A shorter part in finer slots rather than one of a few points.
  if (last.count < kEnoughToBend && level > 0) {
    last = WindowOf(index, level - 1, newest(level - 1), kSlots);
  }
  constexpr size_t kEnough = 6;
  growth.window = now - window.points[0].time;
  if (last.count < kEnough) return;
  const auto points = last.all();
  const Line line = TheilSen(points);
  if (line.slope <= 0) return;
  growth.line = line;
  growth.window = points.back().time - points.front().time;

  // Two estimates of the power, one by how the slope changes between the halves, one by the slope
  // against the average since the start. Noise moves the one, a wrong start the other.
  if (points.size() < kEnoughToBend) return;
  const size_t middle = points.size() / 2;
  const double early = TheilSen(points.first(middle)).slope;
  const double late = TheilSen(points.subspan(middle)).slope;
  const double centre = (points.front().time + points.back().time) / 2;
  const double gained = line.At(centre) - growth.start_level;
  if (!(early > 0) || !(late > 0) || !(gained > 0)) return;
  const double quarter = growth.window / 4;
  const double bend = 1 + std::log(late / early) / std::log((centre + quarter - growth.from) /
                                                            (centre - quarter - growth.from));
  const double average = line.slope * (centre - growth.from) / gained;
  constexpr double kStraight = 0.15;
  const bool slower = bend < 1 - kStraight && average < 1 - kStraight;
  const bool faster = bend > 1 + kStraight && average > 1 + kStraight;
  if (!slower && !faster) return;
  const double nearer = std::abs(bend - 1) < std::abs(average - 1) ? bend : average;
  growth.power = std::clamp((nearer + (bend + average) / 2) / 2, 0.35, 2.5);
  growth.line.slope =
      line.slope * std::pow((now - growth.from) / (centre - growth.from), growth.power - 1);
  growth.line.intercept = line.At(now) - growth.line.slope * now;
}

// How the slope changes between a growth's first third, which may be warm-up, and now. What fills
// up slows down also while each window of it still looks straight.
double Trend::LateOverEarly(std::span<const Point> curve, double from) {
  constexpr size_t kBins = 13;
  std::array<Point, kBins> even;
  const double now = curve.back().time;
  Resample(curve, from + (now - from) / 3, even);
  constexpr size_t kHalf = kBins / 2 + 1;
  const double early = TheilSen(std::span(even).first(kHalf)).slope;
  const double late = TheilSen(std::span(even).last(kHalf)).slope;
  return early > 0 ? late / early : 1;
}

Trend::Loaded Trend::LoadedBy(const Window& window, bool cpu) {
  Loaded loaded;
  for (size_t i = 0; i < window.count; ++i) {
    const LogCode code = cpu ? window.slots[i]->cpu : window.slots[i]->work;
    if (code == kCodeUnknown) continue;
    loaded.times[loaded.count] = window.points[i].time;
    loaded.values[loaded.count] = window.points[i].value;
    loaded.load[loaded.count++] = DecodeLog(code);
  }
  return loaded;
}

void Trend::CompareLoad(size_t index, const Window& window, Growth& growth) const {
  const Loaded by_cpu = LoadedBy(window, true);
  if (by_cpu.count >= std::min(kFewestPoints, window.count)) {
    growth.load_known = true;
    growth.load_change = by_cpu.Change();
    CountIdle(window, growth);
    growth.explained = by_cpu.Explains(kElasticity, growth.line.slope);
  }
  // Descriptors do not explain themselves.
  if (shape_[index] == Quantity::kDescriptors && work_has_descriptors_) return;
  const Loaded by_work = LoadedBy(window, false);
  if (by_work.count < std::min(kFewestPoints, window.count)) return;
  growth.load_known = true;
  const double change = by_work.Change();
  if (std::isnan(growth.load_change)) {
    growth.load_change = change;
  } else if (growth.load_change - 1 < kAlong * (change - 1)) {
    // Connections and threads that climb without any work being done are not load: they leak too.
    return;
  }
  growth.explained = growth.explained || by_work.Explains(kWorkElasticity, growth.line.slope);
}

// What was gained in the slots at the window's end that hardly used the CPU, against what the
// busiest tenth of all remembered slots used at least.
void Trend::CountIdle(const Window& window, Growth& growth) const {
  std::array<LogCode, kLevels * kSlots> loads{};
  size_t known = 0;
  for (int level = 0; level < kLevels; ++level) {
    const int64_t end = number_ >> (2 * level);
    for (int64_t n = std::max(end - kSlots, (skip_until_ >> (2 * level)) + int64_t{1}); n < end;
         ++n) {
      if (At(level, n).cpu != kCodeUnknown) loads[known++] = At(level, n).cpu;
    }
  }
  if (known == 0 || number_ - skip_until_ < kIdleAge) return;
  const auto all = std::span(loads).first(known);
  const auto busy = all.begin() + static_cast<std::ptrdiff_t>(known * 9 / 10);
  std::nth_element(all.begin(), busy, all.end());
  const double idle = kIdle * DecodeLog(*busy);
  size_t from = window.count;
  while (from > 0 && window.slots[from - 1]->cpu != kCodeUnknown &&
         DecodeLog(window.slots[from - 1]->cpu) <= idle) {
    --from;
  }
  if (window.count - from < kIdlePoints) return;
  const auto points = window.all().subspan(from);
  const double gain = points.back().value - points.front().value;
  const double seconds = points.back().time - points.front().time;
  constexpr double kGoesOn = 0.5;
  if (gain < kGoesOn * growth.line.slope * seconds || seconds < kIdleSlots * slot_) return;
  growth.idle_growth = gain;
  growth.idle_seconds = seconds;
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
  return growth.load_known && slots >= kMultiplyingSlots && growth.late >= kLateOfSlow &&
         gained >= kMultiple * growth.start_level;
}

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
