// Does load explain the growth, or did it go on without any?
//
// Every number here was chosen on the development families of tests/corpus. The rule of kAlong was
// written after the held-out families had been seen to fail without it.
#include <algorithm>
#include <cmath>

#include "exporter/trend/growth.h"

namespace memleak {
namespace {

constexpr double kLoadRise = 1.1;      // of load, to explain anything
constexpr double kElasticity = 1.5;    // memory may rise by so much more than load did
constexpr double kWorkElasticity = 4;  // descriptors and threads have a part that never changes
constexpr double kJob = 2;             // work that has just begun: it may go on for long
constexpr double kAlong = 0.25;        // share of the change of work that CPU must show
constexpr double kUnexplained = 0.35;  // share of the slope that load may leave
constexpr double kIdle = 0.2;          // of the busiest stretch
constexpr size_t kIdlePoints = 8;
constexpr double kIdleSlots = 15;
constexpr int32_t kIdleAge = 40;  // slots that must be known to tell idle from busy

double Third(std::span<const double> values, bool last) {
  std::array<double, 16> third{};
  const size_t count = std::max<size_t>(1, values.size() / 3);
  const auto part = last ? values.last(count) : values.first(count);
  std::copy(part.begin(), part.end(), third.begin());
  return MedianOf(std::span(third).first(count));
}

}  // namespace

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

// What was gained in the slots at the window's end that hardly used the CPU, against the busiest 16
// that are remembered. CPU time comes in ticks, of which an idle slot may have one more.
void Trend::CountIdle(const Window& window, Growth& growth) const {
  if (number_ - skip_until_ < kIdleAge) return;
  LogCode busiest = kCodeUnknown;
  for (int level = 2; level < kLevels; ++level) {
    const int64_t end = number_ >> (2 * level);
    const int64_t settled = (skip_until_ >> (2 * level)) + 1;
    for (int64_t n = std::max(end - kSlots, settled); n < end; ++n) {
      busiest = std::max(busiest, At(level, n).cpu);
    }
  }
  if (busiest == kCodeUnknown) return;
  const double idle = kIdle * DecodeLog(busiest);
  constexpr double kTick = 3;
  double used = 0;
  size_t from = window.count;
  for (size_t i = window.count; i-- > 0 && window.slots[i]->cpu != kCodeUnknown;) {
    const double cpu = DecodeLog(window.slots[i]->cpu);
    if (cpu > kTick * idle) break;
    used += cpu;
    if (used <= idle * static_cast<double>(window.count - i)) from = i;
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

}  // namespace memleak
