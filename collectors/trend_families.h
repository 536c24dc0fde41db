// The families of trends that processes, groups and cgroups have in common: what they grow by,
// whether that is a leak, and when they run out.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "exporter/exposition/metric_writer.h"
#include "exporter/model/tracked.h"
#include "exporter/trend/host_trends.h"

namespace memleak {

// The names are written out where they belong to, so that they can be found.
struct TrendFamilies {
  Family baseline;
  Family baseline_time;
  Family growth;
  Family window;
  Family growth_start;
  Family suspected;
  Family exhaustion;
  Family shmem_growth;
  Family shmem_suspected;
  // The third resource: descriptors, or kernel memory, which has no limit of its own.
  Family third_growth;
  Family third_suspected;
  std::optional<Family> third_exhaustion;
};

inline constexpr std::string_view kBaselineHelp =
    "The lowest footprint soon after the start, once it had warmed up; it stays as it was.";
inline constexpr std::string_view kBaselineTimeHelp =
    "When the footprint was its baseline, in seconds since 1970.";
inline constexpr std::string_view kGrowthHelp =
    "How fast the lowest footprints rise, over the longest window that shows it; 0 when known not "
    "to grow.";
inline constexpr std::string_view kWindowHelp = "How long that growth has been measured.";
inline constexpr std::string_view kGrowthStartHelp =
    "When that growth began, in seconds since 1970.";
inline constexpr std::string_view kSuspectedHelp =
    "1 when the footprint grows as a leak does, 0 when it does not; absent while unknown.";
inline constexpr std::string_view kShmemGrowthHelp =
    "How fast shared memory grows; 0 when known not to grow, absent where there is none.";
inline constexpr std::string_view kShmemSuspectedHelp =
    "1 when shared memory grows as a leak does; absent while unknown and where there is none.";
inline constexpr std::string_view kFdGrowthHelp =
    "How fast the number of open descriptors grows; 0 when known not to grow.";
inline constexpr std::string_view kFdSuspectedHelp =
    "1 when descriptors grow as a leak does; absent while unknown.";

// Collects what the histories say, then writes it family by family. Reused, so that it allocates
// only while there is more than ever before.
class TrendWriter {
 public:
  void Clear() { rows_.clear(); }
  // `labels` must stay until Write; `trend` is nullptr where there is no history. Most have no
  // shared memory at all: then its two families would only be more series.
  void Add(std::string_view labels, const Trend* trend, const Standing& standing, bool has_shmem);
  // `boot_time` in seconds since 1970.
  void Write(const TrendFamilies& families, double boot_time, MetricWriter& writer) const;

 private:
  struct Row {
    std::string_view labels;
    Standing standing;
    bool has_shmem = false;
    std::array<Verdict, kTrendResources> verdicts;
  };

  std::vector<Row> rows_;
};

// 1 or 0, nothing while unknown.
std::optional<uint64_t> SuspectedValue(const Verdict& verdict);
// Nothing for never.
std::optional<double> ExhaustionValue(double seconds);

}  // namespace memleak
