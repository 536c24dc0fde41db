// Plays courses of a program to the trend engine as the exporter would.
//
// Times are in slots since the program's start, so that a course can be played at any slot. All is
// deterministic.
#pragma once

#include <cmath>
#include <cstdint>
#include <functional>
#include <optional>

#include "exporter/trend/trend.h"

namespace memleak {

inline constexpr double kMiB = 1 << 20;
inline constexpr size_t kMemory = 0;
inline constexpr size_t kDescriptors = 2;
inline constexpr TrendShape kProcessShape = {Quantity::kBytes, Quantity::kBytes,
                                             Quantity::kDescriptors};

// What a program uses at one time. Unknown ones are not recorded.
struct Use {
  double mib = kUnknown;
  double limit_mib = kUnknown;
  double cpus = kUnknown;
  double threads = kUnknown;
  double connections = kUnknown;
  double descriptors = kUnknown;
  double most_descriptors = kUnknown;
};

// By the time in slots.
using Course = std::function<Use(double)>;

// -1 to 1, always the same at the same time.
inline double NoiseAt(double slots) {
  auto bits = static_cast<uint64_t>(std::llround(slots * 1024)) + 0x9e3779b97f4a7c15ULL;
  bits = (bits ^ (bits >> 30U)) * 0xbf58476d1ce4e5b9ULL;
  bits = (bits ^ (bits >> 27U)) * 0x94d049bb133111ebULL;
  bits ^= bits >> 31U;
  return static_cast<double>(bits >> 11U) / static_cast<double>(uint64_t{1} << 52U) - 1;
}

class Player {
 public:
  // At this time of the clock the program starts, and with it the recording.
  static constexpr double kStart = 1'700'000'000;

  explicit Player(double slot = 60, double samples_per_slot = 4)
      : trend(kProcessShape, slot, kStart), slot_(slot), step_(1 / samples_per_slot) {}

  // Goes on until this slot.
  Player& Play(double until, const Course& course) {
    for (; at_ < until - step_ / 2; at_ += step_) Add(course(at_));
    return *this;
  }
  // The same in seconds of the clock.
  double Clock(double slots) const { return kStart + slots * slot_; }
  // Nothing is recorded until then.
  Player& Skip(double until) {
    at_ = until;
    return *this;
  }
  Player& Restart() {
    trend.Restart(Clock(at_));
    cpu_seconds_ = 0;
    return *this;
  }

  Verdict Memory() const { return trend.Judge(kMemory); }
  // Slots until the limit; negative without a prediction.
  double Left(size_t resource = kMemory) const {
    const auto seconds = trend.Judge(resource).exhaustion_seconds;
    return seconds ? *seconds / slot_ : -1;
  }
  // In MiB.
  double Growth() const {
    return trend.Judge(kMemory).growth_per_second.value_or(kUnknown) * slot_ / kMiB;
  }
  double at() const { return at_; }

  Trend trend;
  // The slot of the first alarm.
  std::optional<double> suspected;
  std::optional<double> descriptors_suspected;

 private:
  void Add(const Use& use) {
    TrendSample sample;
    sample.time = Clock(at_);
    sample.resources[kMemory] = {use.mib * kMiB, (use.limit_mib - use.mib) * kMiB};
    sample.resources[kDescriptors] = {use.descriptors, use.most_descriptors - use.descriptors};
    cpu_seconds_ += use.cpus * step_ * slot_;
    if (std::isnan(cpu_seconds_) && !std::isnan(use.cpus)) cpu_seconds_ = 0;
    sample.cpu_seconds = cpu_seconds_;
    sample.threads = use.threads;
    sample.connections = use.connections;
    trend.Add(sample);
    if (!suspected && trend.Suspected(kMemory)) suspected = at_;
    if (!descriptors_suspected && trend.Suspected(kDescriptors)) descriptors_suspected = at_;
  }

  double slot_;
  double step_;
  double at_ = 0;
  double cpu_seconds_ = 0;
};

}  // namespace memleak
