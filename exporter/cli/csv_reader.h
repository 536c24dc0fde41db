// A series as CSV with a header: `timestamp` and `value`, and any of `limit`, `cpu_seconds`,
// `threads`, `fds`, `connections`, `start_time`, in any order; other columns are ignored.
//
// Pure: lines in, samples out. Fields may stand between double quotes. An empty field is not known,
// and a row without a value is no sample. A limit of 0, below, beyond 2^60 or `max` is none, as
// cAdvisor and the kernel write it. Throws SeriesError.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/cli/recorded_sample.h"

namespace memleak {

class CsvReader {
 public:
  // `line`: where the header stands, from 1.
  CsvReader(std::string_view header, size_t line);

  // Whether a first line looks like a header.
  static bool LooksLikeHeader(std::string_view line);

  // Nothing for a row that is no sample.
  std::optional<RecordedSample> Read(std::string_view row, size_t line);

 private:
  enum Column { kTimestamp, kValue, kLimit, kCpu, kThreads, kFds, kConnections, kStart, kColumns };
  static constexpr std::array<std::string_view, kColumns> kNames{
      "timestamp", "value", "limit", "cpu_seconds", "threads", "fds", "connections", "start_time"};

  void Split(std::string_view row, size_t line);
  std::string_view Field(Column column) const;
  double Number(Column column, size_t line) const;
  double Limit(size_t line) const;
  double Time(Column column, size_t line) const;

  std::array<size_t, kColumns> places_{};  // in a row, from 1; 0 where there is none
  size_t header_cells_ = 0;
  std::vector<std::string_view> cells_;  // of the row that is read
  std::string unquoted_;
};

}  // namespace memleak
