// The history of one entity (a process, a group, a cgroup, a recorded series) and what it means.
//
// Holds no clock and allocates nothing: samples come with their time, in ascending order, at any
// spacing, so that a live process and a recorded series go through the very same code. One thread.
//
// History is the lowest value (trough) of each slot at five scales, every scale four times as coarse
// as the one before; design and thresholds: ../../tests/corpus/README.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

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
  // `slot` in seconds: every duration of the engine scales with it. `born`: when the entity
  // started, its first slots are warm-up; the first sample's time where that is not known.
  Trend(const TrendShape& shape, double slot, double born);

  // A time that is not after the last one is ignored.
  void Add(const TrendSample& sample);
  // The same program starts anew (its process ended, a new one took its place) at `time`; what was
  // learned is kept.
  void Restart(double time);
  // How age and footprint of its siblings go together: Kendall's tau over at least four of them.
  void NoteSiblings(double correlation);

  Verdict Judge(size_t resource) const;
  // What Judge would say, without the rest.
  bool Suspected(size_t resource) const;
  double ExhaustionSeconds(size_t resource) const;  // infinity where there is none

  double slot() const { return slot_; }
  double last_time() const { return last_time_; }

 private:
  double slot_;
  double last_time_;
};

}  // namespace memleak
