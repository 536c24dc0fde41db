// A series as people write it by hand, with `ps` in a loop. One line is one of
//   2026-11-20 14:08:01 RSS: 317440 KB (310 MB)
//   Fri Nov 20 14:08:01 UTC 2026: 317440 KB
//   317440
// The KB of ps are KiB. Bare numbers come at a fixed interval, the first at time 0. Where `ps`
// found no process the number is missing: the life has ended, and the next number begins another.
//
// Pure: lines in, samples out. Throws SeriesError.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "exporter/cli/recorded_sample.h"

namespace memleak {

class PsLogReader {
 public:
  // `interval`: seconds between bare numbers, where the user gave them.
  explicit PsLogReader(std::optional<double> interval) : interval_(interval) {}

  // Whether a first line looks like one of such a log.
  static bool LooksLikeLine(std::string_view line);

  // Nothing for a line that is no sample.
  std::optional<RecordedSample> Read(std::string_view text, size_t number);

 private:
  std::optional<double> interval_;
  bool seen_ = false;   // a sample
  bool ended_ = false;  // the life of the last sample
  bool bare_ = false;   // this log is of bare numbers
  size_t lines_ = 0;
};

}  // namespace memleak
