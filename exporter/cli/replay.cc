#include "exporter/cli/replay.h"

#include <algorithm>
#include <cmath>

#include "exporter/cli/seconds.h"

namespace memleak {

ReplaySettings SettingsOf(const AnalyzeOptions& options) {
  ReplaySettings settings;
  if (options.resource == AnalyzeOptions::Resource::kFds) {
    settings.resource = SeriesResource::kFds;
  }
  settings.slot = SecondsOf(options.slot);
  if (options.limit) settings.limit = static_cast<double>(*options.limit);
  return settings;
}

void Replay::Begin(const RecordedSample& sample) {
  const bool memory = settings_.resource == SeriesResource::kMemory;
  has_descriptors_ = memory && sample.records_fds;
  const TrendShape shape{memory ? Quantity::kBytes : Quantity::kDescriptors, Quantity::kNone,
                         has_descriptors_ ? Quantity::kDescriptors : Quantity::kNone};
  // A start after the first sample is a clock that was set; NaN is no start.
  const bool has_start = sample.start_time <= sample.time;
  trend_.emplace(shape, settings_.slot, has_start ? sample.start_time : sample.time);
}

void Replay::NoteRestart(const RecordedSample& sample) {
  const bool started_anew = !std::isnan(sample.start_time) && !std::isnan(start_time_) &&
                            sample.start_time != start_time_;
  if (!started_anew && !sample.restarted) return;
  const bool plausible = sample.start_time > last_time_ && sample.start_time <= sample.time;
  trend_->Restart(started_anew && plausible ? sample.start_time : sample.time);
  outline_.Restart();
}

void Replay::Add(const RecordedSample& sample) {
  if (samples_ == 0) {
    Begin(sample);
  } else {
    NoteRestart(sample);
  }
  if (!std::isnan(sample.start_time)) start_time_ = sample.start_time;

  limit_ = settings_.limit;
  if (!limit_ && !std::isnan(sample.limit)) limit_ = sample.limit;

  TrendSample trend_sample;
  trend_sample.time = sample.time;
  trend_sample.resources[kValues] = {sample.value, limit_ ? *limit_ - sample.value : kUnknown};
  if (has_descriptors_) trend_sample.resources[kDescriptors].value = sample.fds;
  trend_sample.cpu_seconds = sample.cpu_seconds;
  trend_sample.threads = sample.threads;
  trend_sample.connections = sample.connections;
  trend_->Add(trend_sample);
  outline_.Add(sample.time, sample.value);

  const bool suspected =
      trend_->Suspected(kValues) || (has_descriptors_ && trend_->Suspected(kDescriptors));
  if (suspected && !suspected_now_) suspected_.push_back({sample.time, sample.time});
  if (suspected || suspected_now_) suspected_.back().to = sample.time;
  suspected_now_ = suspected;
  last_time_ = sample.time;
  ++samples_;
}

std::optional<Verdict> Replay::VerdictOfDescriptors() const {
  if (!has_descriptors_) return std::nullopt;
  return trend_->Judge(kDescriptors);
}

ReplayMoment Replay::Now() const {
  const bool descriptors =
      has_descriptors_ && !trend_->Suspected(kValues) && trend_->Suspected(kDescriptors);
  ReplayMoment now{descriptors ? SeriesResource::kFds : settings_.resource,
                   trend_->Judge(descriptors ? kDescriptors : kValues),
                   {}};
  // The limit is one of the values; that of the descriptors beside them is not recorded.
  const double exhaustion = trend_->ExhaustionSeconds(kValues);
  if (std::isfinite(exhaustion)) now.exhaustion_seconds = exhaustion;
  return now;
}

}  // namespace memleak
