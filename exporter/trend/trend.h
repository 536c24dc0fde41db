// The history of one entity (a process, a group, a cgroup, a recorded series) and what it means.
//
// Holds no clock and allocates nothing: samples come with their time, in ascending order, at any
// spacing, so that a live process and a recorded series go through the very same code. One thread.
//
// History is the lowest value (trough) of each slot at five scales, every scale four times as
// coarse as the one before; design and thresholds: ../../tests/corpus/README.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include "exporter/trend/fit.h"
#include "exporter/trend/log_code.h"
#include "exporter/trend/trend_history.h"
#include "exporter/trend/verdict.h"

namespace memleak {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// What a resource counts: the least growth that matters depends on it.
enum class Quantity : uint8_t { kNone, kBytes, kDescriptors };

inline constexpr size_t kTrendResources = 3;
using TrendShape = std::array<Quantity, kTrendResources>;

struct TrendReading {
  double value = kUnknown;
  double headroom = kUnknown;  // what is left to the limit, of the same unit
};

struct TrendSample {
  double time = 0;  // seconds
  std::array<TrendReading, kTrendResources> resources;
  // Load: what growth is compared with. Unknown where it is not recorded. Descriptors, where they
  // are one of the resources, count as load of the others.
  double cpu_seconds = kUnknown;  // since any start; grows, or begins anew with a restart
  double threads = kUnknown;
  double connections = kUnknown;
};

class Trend {
 public:
  static constexpr uint32_t kLayoutVersion = 9;  // of the bytes; a state file holds them
  static constexpr int kLevels = 5;
  static constexpr int kSlots = 16;            // kept at each level
  static constexpr int kWarmUpSlots = 10;      // of a life, in which no trough is kept
  static constexpr int kBaselineEndSlot = 22;  // the baseline is the lowest between the two

  // `slot` in seconds: every duration of the engine scales with it. `born`: when the entity
  // started, its first slots are warm-up; the first sample's time where that is not known (NaN).
  Trend(const TrendShape& shape, double slot, double born);

  // A time that is not after the last one, or further from the first than slots are counted (2^30),
  // is ignored.
  void Add(const TrendSample& sample);
  // The same program starts anew (its process ended, a new one took its place) at `time`; what was
  // learned is kept. A time out of reach is ignored.
  void Restart(double time);
  // How age and footprint of its siblings go together: Kendall's tau over at least four of them.
  void NoteSiblings(double correlation);

  Verdict Judge(size_t index) const;
  // What Judge would say, without the rest.
  double Baseline(size_t index) const { return resources_[index].baseline; }  // NaN while unknown
  bool Suspected(size_t index) const { return resources_[index].raised; }
  double ExhaustionSeconds(size_t index) const;  // infinity where there is none

  // What is kept of a resource, for people to look at.
  TrendHistory History(size_t index) const;

  double slot() const { return slot_; }
  double last_time() const { return last_time_; }
  // Whether bytes that came from elsewhere can be one of these.
  bool Valid() const;

 private:
  struct Slot {
    std::array<LogCode, kTrendResources> troughs{};
    LogCode cpu = kCodeUnknown;   // CPU seconds per second, in millionths
    LogCode work = kCodeUnknown;  // connections, or descriptors, and threads
  };

  // Times are seconds since origin_, which a float tells to a second in half a year.
  struct Resource {
    float value = kNone;     // the last
    float headroom = kNone;  // the last
    float offset = 0;        // added to the values of this life, so that lives join in one curve
    float baseline = kNone;
    float baseline_time = kNone;
    // Of the troughs of four slots: since they came back from a height, how high that was.
    float tooth_top = kNone;
    float tooth_low = kNone;
    float tooth_high = kNone;
    float last_drop = kNone;
    float tooth_period = 0;
    // The growth that is seen now, if any.
    float slope = 0;   // per second
    float window = 0;  // seconds
    float power = 1;   // of time that the growth goes as
    float line = 0;    // of the troughs at line_time
    float line_time = 0;
    float start_time = kNone;
    float start_level = kNone;
    float raised_from = kNone;  // the level where the growth began that was called a leak
    float steadiness = 0;
    float load_change = kNone;
    float idle_growth = 0;
    float idle_seconds = 0;
    float peak_height = 0;  // 95th percentile of the values above the line
    float join_to = 0;      // where the last life's curve ended, if this life's continues it
    int8_t growth_level = -1;
    int8_t raised_level = -1;
    bool raised = false;
    bool confirmed = false;
    bool known = false;
    TrendPattern pattern = TrendPattern::kFlat;
    uint8_t baseline_fixed = 0;
    uint8_t drops = 0;
    std::array<uint8_t, kLevels> streak{};
  };

  struct Recent {
    float time = 0;
    std::array<float, kTrendResources> values{};
  };
  static constexpr int kRecent = 5;

  // The points of a resource at a level, oldest first, with the load beside them.
  struct Window;
  struct Loaded;
  struct Growth;

  static constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

  Slot& At(int level, int64_t number) {
    return slots_[static_cast<size_t>(level)][static_cast<size_t>(number & (kSlots - 1))];
  }
  const Slot& At(int level, int64_t number) const {
    return slots_[static_cast<size_t>(level)][static_cast<size_t>(number & (kSlots - 1))];
  }
  // Whether a curve's first slot of the coarsest level is over: the warm-up of large programs takes
  // some of it.
  bool Settled(int level, int64_t number) const {
    return level < kLevels - 1 || curve_from_ < 0 || number > curve_from_ >> (2 * level);
  }
  double Length(int level) const { return slot_ * static_cast<double>(int64_t{1} << (2 * level)); }
  float Relative(double time) const { return static_cast<float>(time - origin_); }

  bool InReach(double time) const;
  bool WasKilled(const TrendSample& sample) const;
  bool NearLimit(size_t index) const;
  void Accumulate(const TrendSample& sample);
  void NoteRecent(const TrendSample& sample);
  void CloseUntil(int64_t number);
  void CloseSlot();
  void Merge(int level, int64_t number);
  void ForgetCurve(size_t index);
  void NoteTooth(size_t index, double trough);
  void FollowPeaks(Resource& resource, double time) const;
  bool ClimbedToItsEnd(size_t index) const;

  void Look(int level, int64_t number);
  void LookAt(size_t index, int level, int64_t number);
  Window WindowOf(size_t index, int level, int64_t number, int count) const;
  size_t Curve(size_t index, std::span<Point> points) const;
  bool Measure(size_t index, const Window& window, Growth& growth) const;
  void FindStart(size_t index, const Window& window, Growth& growth) const;
  void FitLastPart(size_t index, const Window& window, Growth& growth) const;
  static double LateOverEarly(std::span<const Point> curve, double from);
  static Loaded LoadedBy(const Window& window, bool cpu);
  void CompareLoad(size_t index, const Window& window, Growth& growth) const;
  void CountIdle(const Window& window, Growth& growth) const;
  bool IsLeak(size_t index, const Window& window, Growth& growth) const;
  void Raise(Resource& resource, int level, const Growth& growth);
  void Check(size_t index, int level, int64_t number);
  static double TimeToGain(const Resource& resource, double gain);
  double RecentExhaustion(size_t index) const;
  double Floor(size_t index, double level) const;

  double origin_ = 0;
  double last_time_;
  double life_began_;
  double last_cpu_ = kUnknown;
  double cpu_mark_ = kUnknown;
  float cpu_mark_time_ = 0;
  float last_cpu_time_ = 0;
  float slot_;
  int32_t number_ = 0;       // of the open slot
  int32_t life_number_ = 0;  // of the slot in which this life began
  int32_t skip_until_ = 0;   // slots before this one are warm-up
  int32_t curve_from_ = -1;  // slot in which the curve begins; -1 where it had begun before
  uint16_t restarts_ = 0;
  bool begun_ = false;
  bool work_has_descriptors_ = false;
  TrendShape shape_;
  float siblings_ = kNone;

  // The open slot.
  std::array<float, kTrendResources> low_{};
  float work_sum_ = 0;
  uint16_t work_count_ = 0;
  uint8_t recent_count_ = 0;
  std::array<Recent, kRecent> recent_{};

  std::array<Resource, kTrendResources> resources_{};
  std::array<std::array<Slot, kSlots>, kLevels> slots_{};
};
static_assert(sizeof(Trend) <= 1'400);

}  // namespace memleak
