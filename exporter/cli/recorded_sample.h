// One sample of a recorded series, and what a reader says of a series that it cannot read.
#pragma once

#include <cstddef>
#include <limits>
#include <stdexcept>
#include <string>

namespace memleak {

// What is not recorded is NaN.
struct RecordedSample {
  static constexpr double kAbsent = std::numeric_limits<double>::quiet_NaN();

  double time = 0;   // seconds
  double value = 0;  // bytes or descriptors
  double limit = kAbsent;
  double cpu_seconds = kAbsent;
  double threads = kAbsent;
  double fds = kAbsent;
  double connections = kAbsent;
  double start_time = kAbsent;
  // The life before this sample has ended, which the series says in another way than by start_time.
  bool restarted = false;
  // Whether the series records descriptors, at this sample or others.
  bool records_fds = false;
};

// What is wrong with a series, without its name, which the caller knows.
struct SeriesError : std::runtime_error {
  SeriesError(size_t line_number, const std::string& what)
      : std::runtime_error(what), line(line_number) {}

  size_t line;  // from 1; 0 for the series as a whole
};

}  // namespace memleak
