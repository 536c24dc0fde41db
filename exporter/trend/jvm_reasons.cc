#include "exporter/trend/jvm_reasons.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "exporter/trend/figures.h"

namespace memleak {
namespace {

// From so few floors on a climb can be told from chance: all of them must rise, then.
constexpr size_t kLeastFloors = 5;
// Mann-Kendall: how far from chance the order of the floors is, in standard deviations (1 %
// beyond).
constexpr double kCertain = 2.33;
// What rises by less is steady, whatever the order.
constexpr double kLeastRise = 1 << 20;
constexpr double kLeastRiseRatio = 0.05;
// Of the rise, at least so much in the later half: a cache that fills up levels off.
constexpr double kLateShare = 0.2;

// Growth of a footprint that is worth a word, and which part of it the heap may have where it
// "stays", or metaspace must have where that is what grows.
constexpr double kLeastGrowth = 8 << 20;
constexpr double kStays = 0.2;
constexpr double kMostOf = 0.5;

struct Climb {
  double from;
  double to;
  uint64_t collections;
};

std::string Amount(double bytes) { return AmountText(bytes, Quantity::kBytes); }

// `figures` are those of `floors`, in their order.
std::optional<Climb> FindClimb(const std::vector<JvmFloor>& floors,
                               const std::vector<double>& figures, double now) {
  const size_t count = figures.size();
  if (count < kLeastFloors || count != floors.size()) return std::nullopt;
  // When nothing was collected for longer than the climb took, it is a story of the past.
  const double took = floors.back().time - floors.front().time;
  if (now - floors.back().time > took) return std::nullopt;

  double order = 0;
  for (size_t i = 0; i < count; ++i) {
    for (size_t j = i + 1; j < count; ++j) {
      order += figures[j] > figures[i] ? 1 : figures[j] < figures[i] ? -1 : 0;
    }
  }
  const auto n = static_cast<double>(count);
  if (order < kCertain * std::sqrt(n * (n - 1) * (2 * n + 5) / 18)) return std::nullopt;

  Climb climb{figures.front(), figures.back(), 0};
  for (const JvmFloor& floor : floors) climb.collections += floor.collections;
  const double rise = climb.to - climb.from;
  const double highest = *std::max_element(figures.begin(), figures.end());
  if (rise < std::max(kLeastRise, kLeastRiseRatio * climb.to) ||
      rise < (highest - climb.from) / 2 || climb.to - figures[count / 2] < kLateShare * rise) {
    return std::nullopt;
  }
  return climb;
}

std::optional<Climb> OldClimb(const JvmFloors& floors, double now) {
  std::vector<double> figures;
  for (const JvmFloor& floor : floors.floors()) {
    figures.push_back(static_cast<double>(floor.old_used));
  }
  return FindClimb(floors.floors(), figures, now);
}

std::optional<Climb> MetaspaceClimb(const JvmFloors& floors, double now) {
  std::vector<double> figures;
  for (const JvmFloor& floor : floors.floors()) {
    if (floor.metaspace_used) figures.push_back(static_cast<double>(*floor.metaspace_used));
  }
  return FindClimb(floors.floors(), figures, now);
}

// By how much the heap's memory can have grown at most: committed memory may be touched at once,
// and what was committed from the start is touched when it is first used.
double HeapGrowth(const JvmHistory& history) {
  const JvmHeap& first = history.heap.first;
  const JvmHeap& last = history.heap.last;
  const auto figure = [](std::optional<uint64_t> bytes) {
    return static_cast<double>(bytes.value_or(0));
  };
  const double others = figure(last.young_capacity) - figure(first.young_capacity) +
                        figure(last.metaspace_capacity) - figure(first.metaspace_capacity);
  const double committed = figure(last.old_capacity) - figure(first.old_capacity);
  const double touched = static_cast<double>(history.peak_old_used()) - figure(first.old_used);
  return std::max(0.0, others + std::max(committed, touched));
}

std::string ClimbText(const Climb& climb, const char* after) {
  return std::string("old generation after ") + after + " climbs: " + Amount(climb.from) + " to " +
         Amount(climb.to) + " over " + std::to_string(climb.collections) + " of them";
}

}  // namespace

bool HeapLeaks(const JvmHistory& history) {
  const double now = history.heap.last_time;
  return OldClimb(history.after_full(), now) || OldClimb(history.after_concurrent(), now);
}

std::string JvmReason(const JvmHistory& history, std::optional<double> footprint_growth) {
  const double now = history.heap.last_time;
  const auto full = OldClimb(history.after_full(), now);
  const auto concurrent = full ? std::nullopt : OldClimb(history.after_concurrent(), now);
  auto classes = MetaspaceClimb(history.after_full(), now);
  if (!classes) classes = MetaspaceClimb(history.after_concurrent(), now);

  // Classes that leak hold some heap, too.
  const auto rise = [](const std::optional<Climb>& climb) {
    return climb ? climb->to - climb->from : 0;
  };
  if (classes && rise(classes) > std::max(rise(full), rise(concurrent))) {
    return "metaspace grew by " + Amount(rise(classes)) +
           ", and collections free none of it: classes or their loaders leak";
  }
  if (full) return ClimbText(*full, "full collections");
  if (concurrent) return ClimbText(*concurrent, "concurrent collections");

  const JvmHeap& first = history.heap.first;
  const JvmHeap& last = history.heap.last;
  if (!footprint_growth || *footprint_growth < kLeastGrowth || !first.old_used ||
      !last.old_capacity) {
    return {};
  }
  if (first.metaspace_used && last.metaspace_used) {
    const double grown =
        static_cast<double>(*last.metaspace_used) - static_cast<double>(*first.metaspace_used);
    if (grown >= kMostOf * *footprint_growth) {
      return "metaspace grew by " + Amount(grown) + " of " + Amount(*footprint_growth);
    }
  }
  const double heap = HeapGrowth(history);
  if (heap > kStays * *footprint_growth) return {};
  return "heap stays: what grows is native memory (footprint +" + Amount(*footprint_growth) +
         ", heap +" + Amount(heap) + ")";
}

}  // namespace memleak
