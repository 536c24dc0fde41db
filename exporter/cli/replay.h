// A recorded series through the live engine.
//
// One Replay per series: samples in, in order of time; then what the engine says of it, now and at
// every sample before.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "exporter/cli/outline.h"
#include "exporter/cli/recorded_sample.h"
#include "exporter/config/analyze_options.h"
#include "exporter/trend/trend.h"

namespace memleak {

// What the values of a series are.
enum class SeriesResource : uint8_t { kMemory, kFds };
inline constexpr std::string_view kSeriesResourceNames[] = {"memory", "fds"};

struct ReplaySettings {
  SeriesResource resource = SeriesResource::kMemory;
  double slot = 60;             // seconds
  std::optional<double> limit;  // of the value, instead of what the series says
};

ReplaySettings SettingsOf(const AnalyzeOptions& options);

// From the sample at which a leak was suspected to the one at which it no longer was, or the last.
struct SuspectedInterval {
  double from;
  double to;
};

// What the engine says at one sample.
struct ReplayMoment {
  SeriesResource resource;  // that the verdict is of: the one that leaks, else the values
  Verdict verdict;
  std::optional<double> exhaustion_seconds;  // of what runs out first
};

class Replay {
 public:
  explicit Replay(const ReplaySettings& settings) : settings_(settings) {}

  void Add(const RecordedSample& sample);

  size_t samples() const { return samples_; }
  // The rest is for a series that has a sample.
  ReplayMoment Now() const;
  Verdict VerdictOfValues() const { return trend_->Judge(kValues); }
  // Of the descriptors beside the values, where there are any.
  std::optional<Verdict> VerdictOfDescriptors() const;
  bool suspected() const { return suspected_now_; }
  const std::vector<SuspectedInterval>& suspected_intervals() const { return suspected_; }
  const Outline& outline() const { return outline_; }
  const ReplaySettings& settings() const { return settings_; }
  std::optional<double> limit() const { return limit_; }  // of the last sample

 private:
  static constexpr size_t kValues = 0;
  static constexpr size_t kDescriptors = 2;

  void Begin(const RecordedSample& sample);
  void NoteRestart(const RecordedSample& sample);

  ReplaySettings settings_;
  std::optional<Trend> trend_;
  bool has_descriptors_ = false;
  size_t samples_ = 0;
  double last_time_ = 0;
  double start_time_ = RecordedSample::kAbsent;  // the last that was said
  std::optional<double> limit_;
  bool suspected_now_ = false;
  std::vector<SuspectedInterval> suspected_;
  Outline outline_;
};

}  // namespace memleak
