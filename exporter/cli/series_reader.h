// A recorded series from pieces of text: finds out its format by the first line, and checks what
// holds for every format: time goes forward, and there is a sample.
//
// Streams: keeps no more than one line. Throws SeriesError.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "exporter/cli/csv_reader.h"
#include "exporter/cli/ps_log_reader.h"
#include "exporter/cli/recorded_sample.h"

namespace memleak {

class SeriesReader {
 public:
  using Sink = std::function<void(const RecordedSample&)>;

  // `interval`: seconds between numbers that have no time.
  SeriesReader(std::optional<double> interval, Sink sink)
      : interval_(interval), sink_(std::move(sink)) {}

  void Feed(std::string_view piece);
  void End();

 private:
  void Line(std::string_view line);

  std::optional<double> interval_;
  Sink sink_;
  std::variant<std::monostate, CsvReader, PsLogReader> format_;
  std::string begun_;  // a line whose end has not come yet
  size_t lines_ = 0;
  size_t samples_ = 0;
  double last_time_ = 0;
};

}  // namespace memleak
