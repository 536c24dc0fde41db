// What processes held by kind over time, for plots: of those that are exported one by one only,
// since it takes 7 KB for each.
//
// One point a slot, for an hour at the default slot; before that means of eight, for eight hours,
// and of 64. One thread (the scraper's lock). A pass allocates only for processes that are new.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <unordered_map>
#include <vector>

#include "exporter/model/snapshot.h"

namespace memleak {

enum class KindField : uint8_t { kAnon, kFile, kShmem, kSwap, kOpenFds, kThreads, kCpuShare };
inline constexpr size_t kKindFields = 7;

// NaN where a value is unknown.
struct KindPoint {
  double time = 0;                          // seconds since boot
  std::array<float, kKindFields> values{};  // bytes, counts, CPUs

  float Of(KindField field) const { return values[static_cast<size_t>(field)]; }
};

// Of one process.
class KindHistory {
 public:
  static constexpr size_t kScales = 3;
  static constexpr size_t kPoints = 60;  // at each scale
  static constexpr size_t kRatio = 8;    // of a scale's step to the one's before

  // Times ascend.
  void Add(const KindPoint& point);
  // All there are, oldest first, coarse before fine; a coarse point stands at the end of its time.
  std::vector<KindPoint> Points() const;

 private:
  struct Scale {
    std::array<KindPoint, kPoints> ring;
    uint64_t added = 0;
    // What is gathered for the next point of the next scale.
    std::array<float, kKindFields> sums{};
    std::array<uint8_t, kKindFields> counts{};
    uint8_t gathered = 0;
    // The oldest that is kept, by its place in the order of all that were added.
    uint64_t oldest() const { return added > kPoints ? added - kPoints : 0; }
    const KindPoint& At(uint64_t number) const { return ring[number % kPoints]; }
  };

  void AddTo(size_t index, const KindPoint& point);

  std::array<Scale, kScales> scales_;
};

class KindHistories {
 public:
  // So many processes at most; they take 2 MB.
  static constexpr size_t kMaxProcesses = 250;
  // What is no longer exported is kept for so many slots: it may come back.
  static constexpr double kKeepSlots = 10;

  explicit KindHistories(double slot_seconds) : slot_(slot_seconds) {}

  // After the choice of what is exported.
  void Feed(const Snapshot& snapshot);

  // Oldest first, and what it holds now at the end; empty where nothing is kept of it.
  std::vector<KindPoint> Of(const Process& process, const PassTime& now) const;

  size_t size() const { return kept_.size(); }

 private:
  struct Kept {
    KindHistory history;
    double fed = -std::numeric_limits<double>::infinity();  // seconds since boot
    double exported = 0;                                    // when it was so last
    uint64_t cpu_ticks = 0;                                 // when it was fed
  };
  static KindPoint PointOf(const Process& process, const Kept& kept, const PassTime& now);

  const double slot_;
  double swept_ = 0;
  std::unordered_map<uint64_t, std::unique_ptr<Kept>> kept_;  // by Process::life
};

}  // namespace memleak
