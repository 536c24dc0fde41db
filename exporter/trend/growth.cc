// Is there growth, since when, at what pace, and does it slow down?
//
// Every number here was chosen on the development families of tests/corpus, none on the held-out
// ones.
#include "exporter/trend/growth.h"

#include <algorithm>
#include <cmath>

namespace memleak {
namespace {

constexpr double kGrowthTau = 0.7;
constexpr double kNoiseFactor = 4;  // of the median distance from the line

// Growth that slows down.
constexpr double kLateCurve = 0.72;   // of the growth's last third over the one before
constexpr double kLateOfSlow = 0.85;  // the same, where the slope is below so much of the average
constexpr double kSlow = 0.7;
constexpr double kMuchSlower = 0.42;  // the same, whatever the last third says

}  // namespace

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
  growth.keeps_pace = late >= kLateOfSlow;
  const double pace = growth.line.slope / average;
  growth.slows_down =
      late < kLateCurve || pace < kMuchSlower || (!growth.keeps_pace && pace < kSlow);
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

}  // namespace memleak
