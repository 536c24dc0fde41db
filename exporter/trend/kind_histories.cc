#include "exporter/trend/kind_histories.h"

#include <algorithm>
#include <cmath>
#include <optional>

namespace memleak {
namespace {

constexpr float kNone = std::numeric_limits<float>::quiet_NaN();

float Number(std::optional<uint64_t> value) { return value ? static_cast<float>(*value) : kNone; }

}  // namespace

void KindHistory::Add(const KindPoint& point) { AddTo(0, point); }

void KindHistory::AddTo(size_t index, const KindPoint& point) {
  Scale& scale = scales_[index];
  scale.ring[scale.added++ % kPoints] = point;
  if (index + 1 == kScales) return;
  for (size_t i = 0; i < kKindFields; ++i) {
    if (std::isnan(point.values[i])) continue;
    scale.sums[i] += point.values[i];
    ++scale.counts[i];
  }
  if (++scale.gathered < kRatio) return;
  KindPoint mean{point.time, {}};
  for (size_t i = 0; i < kKindFields; ++i) {
    mean.values[i] =
        scale.counts[i] == 0 ? kNone : scale.sums[i] / static_cast<float>(scale.counts[i]);
  }
  scale.sums.fill(0);
  scale.counts.fill(0);
  scale.gathered = 0;
  AddTo(index + 1, mean);
}

std::vector<KindPoint> KindHistory::Points() const {
  std::vector<KindPoint> points;
  // How many of the finest points the coarser scales tell already.
  uint64_t told = 0;
  uint64_t step = kRatio * kRatio;
  for (size_t index = kScales; index-- > 0; step /= kRatio) {
    const Scale& scale = scales_[index];
    // Those that reach back further than the next finer scale does, its first one whole.
    uint64_t end = scale.added;
    if (index > 0) {
      const uint64_t finer_step = step / kRatio;
      end = std::min(end, (scales_[index - 1].oldest() * finer_step + step - 1) / step);
    }
    const uint64_t begin = std::max(scale.oldest(), told / step);
    for (uint64_t number = begin; number < end; ++number) points.push_back(scale.At(number));
    told = std::max(told, end * step);
  }
  return points;
}

KindPoint KindHistories::PointOf(const Process& process, const Kept& kept, const PassTime& now) {
  const ProcessSample& sample = process.sample;
  const double passed = now.uptime - kept.fed;
  float cpu_share = kNone;
  if (passed > 0 && std::isfinite(passed) && sample.cpu_ticks >= kept.cpu_ticks) {
    cpu_share = static_cast<float>(static_cast<double>(sample.cpu_ticks - kept.cpu_ticks) /
                                   now.tick_rate / passed);
  }
  return {
      now.uptime,
      {Number(sample.memory.Get(MemoryField::kAnon)), Number(sample.memory.Get(MemoryField::kFile)),
       Number(sample.memory.Get(MemoryField::kShmem)),
       Number(sample.memory.Get(MemoryField::kSwap)), Number(sample.open_fds),
       static_cast<float>(sample.threads), cpu_share}};
}

void KindHistories::Feed(const Snapshot& snapshot) {
  if (!snapshot.processes_listed) return;
  const PassTime& now = snapshot.time;
  for (const Process* process : *snapshot.exported) {
    std::unique_ptr<Kept>* kept = nullptr;
    if (const auto found = kept_.find(process->life); found != kept_.end()) {
      kept = &found->second;
    } else if (kept_.size() < kMaxProcesses) {
      kept = &kept_.emplace(process->life, std::make_unique<Kept>()).first->second;
    } else {
      continue;
    }
    (*kept)->exported = now.uptime;
    // A little less than a slot, as passes do not come at the very second.
    constexpr double kAlmost = 0.9;
    if (now.uptime - (*kept)->fed < kAlmost * slot_) continue;
    (*kept)->history.Add(PointOf(*process, **kept, now));
    (*kept)->fed = now.uptime;
    (*kept)->cpu_ticks = process->sample.cpu_ticks;
  }
  if (now.uptime - swept_ < slot_) return;
  swept_ = now.uptime;
  std::erase_if(kept_, [&](const auto& entry) {
    return now.uptime - entry.second->exported > kKeepSlots * slot_;
  });
}

std::vector<KindPoint> KindHistories::Of(const Process& process, const PassTime& now) const {
  const auto found = kept_.find(process.life);
  if (found == kept_.end()) return {};
  const Kept& kept = *found->second;
  std::vector<KindPoint> points = kept.history.Points();
  if (now.uptime > kept.fed) points.push_back(PointOf(process, kept, now));
  return points;
}

}  // namespace memleak
