#include "exporter/model/node_rates.h"

#include <unistd.h>

#include <algorithm>

namespace memleak {
namespace {

constexpr double kMicrosecond = 1e-6;

std::optional<double> Rate(std::optional<uint64_t> before, std::optional<uint64_t> now,
                           double seconds, double unit) {
  if (!before || !now || *now < *before) return std::nullopt;
  return static_cast<double>(*now - *before) * unit / seconds;
}

// The kernel's clock and ours are read a moment apart.
std::optional<double> Share(std::optional<double> rate) {
  return rate ? std::optional(std::min(*rate, 1.0)) : std::nullopt;
}

}  // namespace

void NodeRateMeter::Add(double now, const NodeSample& sample) {
  if (measured_ && now - *measured_ < least_seconds_) return;
  Counters counters;
  if (sample.vmstat) {
    counters.swapped_in = sample.vmstat->swapped_in_pages;
    counters.swapped_out = sample.vmstat->swapped_out_pages;
  }
  if (sample.memory_pressure) {
    counters.waited = sample.memory_pressure->some_microseconds;
    counters.stalled = sample.memory_pressure->full_microseconds;
  }
  if (measured_) {
    static const auto kPageBytes = static_cast<double>(sysconf(_SC_PAGESIZE));
    const double seconds = now - *measured_;
    rates_.swap_in = Rate(last_.swapped_in, counters.swapped_in, seconds, kPageBytes);
    rates_.swap_out = Rate(last_.swapped_out, counters.swapped_out, seconds, kPageBytes);
    rates_.waiting = Share(Rate(last_.waited, counters.waited, seconds, kMicrosecond));
    rates_.stalled = Share(Rate(last_.stalled, counters.stalled, seconds, kMicrosecond));
  }
  measured_ = now;
  last_ = counters;
}

}  // namespace memleak
