#include "collectors/trend_families.h"

#include <cmath>

namespace memleak {

std::optional<uint64_t> SuspectedValue(const Verdict& verdict) {
  if (verdict.state == TrendState::kUnknown) return std::nullopt;
  return verdict.suspected() ? 1 : 0;
}

std::optional<double> ExhaustionValue(double seconds) {
  return std::isfinite(seconds) ? std::optional(seconds) : std::nullopt;
}

void TrendWriter::Add(std::string_view labels, const Trend* trend, const Standing& standing,
                      bool has_shmem) {
  Row& row = rows_.emplace_back();
  row.labels = labels;
  row.standing = standing;
  row.has_shmem = has_shmem;
  if (trend == nullptr) return;
  for (size_t i = 0; i < kTrendResources; ++i) row.verdicts[i] = trend->Judge(i);
}

void TrendWriter::Write(const TrendFamilies& families, double boot_time,
                        MetricWriter& writer) const {
  const auto write = [&](const Family& family, auto&& value) {
    writer.Begin(family);
    for (const Row& row : rows_) {
      if (const auto known = value(row)) writer.Sample(row.labels, *known);
    }
  };
  const auto date = [&](const std::optional<double>& seconds) {
    return seconds ? std::optional(boot_time + *seconds) : std::nullopt;
  };
  const auto footprint = [](const Row& row) -> const Verdict& {
    return row.verdicts[kFootprintTrend];
  };
  write(families.baseline, [&](const Row& row) { return footprint(row).baseline; });
  write(families.baseline_time, [&](const Row& row) { return date(footprint(row).baseline_time); });
  write(families.growth, [&](const Row& row) { return footprint(row).growth_per_second; });
  write(families.window, [&](const Row& row) { return footprint(row).window_seconds; });
  write(families.growth_start, [&](const Row& row) { return date(footprint(row).growth_start); });
  write(families.suspected, [&](const Row& row) { return SuspectedValue(footprint(row)); });
  write(families.exhaustion,
        [](const Row& row) { return ExhaustionValue(row.standing.exhaustion_seconds); });
  const auto shmem = [](const Row& row, auto value) {
    return row.has_shmem ? value : std::nullopt;
  };
  write(families.shmem_growth,
        [&](const Row& row) { return shmem(row, row.verdicts[kShmemTrend].growth_per_second); });
  write(families.shmem_suspected,
        [&](const Row& row) { return shmem(row, SuspectedValue(row.verdicts[kShmemTrend])); });
  constexpr size_t kThird = 2;
  write(families.third_growth,
        [](const Row& row) { return row.verdicts[kThird].growth_per_second; });
  write(families.third_suspected,
        [](const Row& row) { return SuspectedValue(row.verdicts[kThird]); });
  if (families.third_exhaustion) {
    write(*families.third_exhaustion,
          [](const Row& row) { return ExhaustionValue(row.standing.fd_exhaustion_seconds); });
  }
}

}  // namespace memleak
