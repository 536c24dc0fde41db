// What the trends cost: started by run.sh, read by measure.py. Prints a line "NAME VALUE" for each
// figure; bytes and allocations have limits here (exit code 1), times are read by people.
//
// Time is CPU time of this process. The engine is fed as a host feeds it, all entities in turn, so
// that histories are out of the nearest caches when their next sample comes.
#include <malloc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "exporter/model/snapshot.h"
#include "exporter/trend/host_trends.h"
#include "exporter/trend/trend.h"
#include "tests/unit/support/allocation_counter.h"

namespace memleak {
namespace {

constexpr double kSlot = 60;
constexpr int kSamplesPerSlot = 4;
constexpr double kInterval = kSlot / kSamplesPerSlot;
constexpr double kUptime = 1e6;  // at the first sample
constexpr double kMiB = 1 << 20;
constexpr uint64_t kSeed = 20'260'101;

constexpr size_t kLargestTrend = 1'500;  // bytes
constexpr double kLargestHost = 15e6;    // bytes that kProcesses add

constexpr size_t kEntities = 2'000;
constexpr int kSamples = 2'000;
constexpr int kRounds = 3;

constexpr size_t kProcesses = 10'000;
constexpr size_t kGroups = 50;
constexpr int kWarmPasses = 100;  // until growth has been seen
constexpr int kPasses = 400;

double CpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

// Numbers from 0 to 1 that are the same in each run.
class Noise {
 public:
  Noise() {
    uint64_t state = kSeed;
    for (float& number : numbers_) {
      state = state * 6364136223846793005U + 1442695040888963407U;
      number = static_cast<float>(state >> 40) / static_cast<float>(1 << 24);
    }
  }
  double At(size_t entity, int sample) const {
    return static_cast<double>(
        numbers_[(entity * 7919 + static_cast<size_t>(sample) * 104'729) % numbers_.size()]);
  }

 private:
  std::array<float, 8191> numbers_{};
};

// A host of its kind: of twenty entities sixteen are flat, three noisy (a third of it comes and
// goes, as garbage does) and one grows by 1 to 40 MiB an hour.
struct Figures {
  double footprint;
  double shmem;
  double fds;
  double cpu_seconds;
  double threads;
};

Figures FiguresOf(const Noise& noise, size_t entity, int sample) {
  const double random = noise.At(entity, sample);
  const double level = (30 + static_cast<double>(entity % 300)) * kMiB;
  const double hours = sample * kInterval / 3600;
  Figures figures{level + random * 65'536, 4 * kMiB, 40, 0.3 * hours * 3600, 8};
  const size_t kind = entity % 20;
  if (kind == 0) {
    figures.footprint += static_cast<double>(1 + entity / 20 % 40) * kMiB * hours;
    if (entity % 80 == 0) figures.fds += 20 * hours;
  } else if (kind <= 3) {
    const int tooth = (sample + static_cast<int>(entity % 97)) % 97;
    figures.footprint += level / 3 * (tooth / 97.0 + random / 4);
    figures.fds += std::floor(random * 30);
    figures.threads += std::floor(random * 4);
  }
  return figures;
}

TrendSample SampleOf(const Noise& noise, size_t entity, int sample) {
  const Figures figures = FiguresOf(noise, entity, sample);
  TrendSample result;
  result.time = kUptime + sample * kInterval;
  result.resources[0] = {figures.footprint, 1024 * kMiB - figures.footprint};
  result.resources[1] = {figures.shmem, 1024 * kMiB - figures.footprint};
  result.resources[2] = {figures.fds, 1024 - figures.fds};
  result.cpu_seconds = figures.cpu_seconds;
  result.threads = figures.threads;
  return result;
}

// Seconds to feed all samples of all entities; `trends` empty: to make the samples only.
double Feed(const Noise& noise, std::vector<Trend>& trends) {
  double sink = 0;
  const double begin = CpuSeconds();
  for (int sample = 0; sample < kSamples; ++sample) {
    for (size_t entity = 0; entity < kEntities; ++entity) {
      const TrendSample made = SampleOf(noise, entity, sample);
      if (trends.empty()) {
        sink += made.resources[0].value + made.resources[2].headroom + made.threads;
      } else {
        trends[entity].Add(made);
      }
    }
  }
  const double spent = CpuSeconds() - begin;
  [[maybe_unused]] volatile double keep = sink;
  return spent;
}

bool MeasureEngine(const Noise& noise) {
  constexpr TrendShape kShape = {Quantity::kBytes, Quantity::kBytes, Quantity::kDescriptors};
  std::array<double, kRounds> seconds{};
  size_t allocated = 0;
  size_t leaking = 0;
  for (double& round : seconds) {
    std::vector<Trend> nobody;
    std::vector<Trend> trends(kEntities, Trend(kShape, kSlot, 0));
    const double making = Feed(noise, nobody);
    const size_t before = AllocationsOfThisThread();
    round = Feed(noise, trends) - making;
    allocated += AllocationsOfThisThread() - before;
    leaking = static_cast<size_t>(std::count_if(
        trends.begin(), trends.end(), [](const Trend& trend) { return trend.Suspected(0); }));
  }
  std::sort(seconds.begin(), seconds.end());
  const double per_sample = seconds[kRounds / 2] / (static_cast<double>(kEntities) * kSamples);
  std::printf("trend_bytes %zu\n", sizeof(Trend));
  std::printf("seconds_per_sample %.3g\n", per_sample);
  std::printf("seconds_per_reading %.3g\n", per_sample / kTrendResources);
  std::printf(
      "allocations_per_sample %g\n",
      static_cast<double>(allocated) / (kRounds * static_cast<double>(kEntities) * kSamples));
  std::printf("leaking_of_%zu %zu\n", kEntities, leaking);
  return sizeof(Trend) <= kLargestTrend && allocated == 0;
}

// Processes in groups, as the model hands them to the trend stage; in no cgroups, whose reading
// costs far more than their trends.
class Host {
 public:
  Host() : processes_(kProcesses), groups_(kGroups) {
    for (size_t i = 0; i < kGroups; ++i) {
      groups_[i].name = "svc-" + std::to_string(i);
      group_order_.push_back(&groups_[i]);
    }
    for (size_t i = 0; i < kProcesses; ++i) {
      processes_[i].sample.pid = static_cast<int32_t>(i) + 1;
      processes_[i].sample.start_ticks = i;
      processes_[i].group = &groups_[i % kGroups];
      order_.push_back(&processes_[i]);
    }
    snapshot_.processes_listed = true;
    snapshot_.processes = &order_;
    snapshot_.all_groups = &group_order_;
    snapshot_.node_headroom = uint64_t{1} << 36;
  }

  Snapshot& Look(const Noise& noise, int pass) {
    snapshot_.time.uptime = kUptime + pass * kInterval;
    snapshot_.time.monotonic = snapshot_.time.uptime;
    for (Group& group : groups_) group.sums = GroupSums{};
    for (size_t i = 0; i < kProcesses; ++i) {
      const Figures figures = FiguresOf(noise, i, pass);
      ProcessSample& sample = processes_[i].sample;
      sample.memory.Set(MemoryField::kAnon, static_cast<uint64_t>(figures.footprint));
      sample.memory.Set(MemoryField::kSwap, 0);
      sample.memory.Set(MemoryField::kShmem, static_cast<uint64_t>(figures.shmem));
      sample.open_fds = static_cast<uint64_t>(figures.fds);
      sample.cpu_ticks = static_cast<uint64_t>(figures.cpu_seconds * 100);
      sample.threads = static_cast<uint64_t>(figures.threads);
      processes_[i].group->sums.Add(sample);
    }
    return snapshot_;
  }

 private:
  std::vector<Process> processes_;
  std::vector<Process*> order_;
  std::vector<Group> groups_;
  std::vector<Group*> group_order_;
  Snapshot snapshot_;
};

double HeapBytes() {
  const struct mallinfo2 heap = mallinfo2();
  return static_cast<double>(heap.uordblks + heap.hblkhd);
}

bool MeasureHost(const Noise& noise) {
  Host host;
  const double before = HeapBytes();
  HostTrends trends(kSlot);
  double all = 0;
  double dearest = 0;
  double added = 0;
  size_t allocated = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    Snapshot& snapshot = host.Look(noise, pass);
    const size_t allocated_before = AllocationsOfThisThread();
    const double begin = CpuSeconds();
    trends.Feed(snapshot);
    const double spent = CpuSeconds() - begin;
    if (pass == kWarmPasses - 1) added = HeapBytes() - before;
    if (pass < kWarmPasses) continue;
    allocated += AllocationsOfThisThread() - allocated_before;
    all += spent;
    dearest = std::max(dearest, spent);
  }
  std::printf("host_processes %zu\n", kProcesses);
  std::printf("host_bytes %.0f\n", added);
  std::printf("host_seconds_per_pass %.3g\n", all / (kPasses - kWarmPasses));
  std::printf("host_seconds_dearest_pass %.3g\n", dearest);
  std::printf("host_allocations_per_pass %g\n",
              static_cast<double>(allocated) / (kPasses - kWarmPasses));
  return added <= kLargestHost && allocated == 0;
}

}  // namespace
}  // namespace memleak

int main() {
  const memleak::Noise noise;
  const bool engine = memleak::MeasureEngine(noise);
  const bool host = memleak::MeasureHost(noise);
  return engine && host ? 0 : 1;
}
