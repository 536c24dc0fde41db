// What the tests of the commands share: a series from text, as a file would hold it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/cli/replay.h"
#include "exporter/cli/series_reader.h"

namespace memleak {

// The samples of `text`, fed in pieces of `piece` bytes.
inline std::vector<RecordedSample> ReadSeries(std::string_view text,
                                              std::optional<double> interval = std::nullopt,
                                              size_t piece = std::string_view::npos) {
  std::vector<RecordedSample> samples;
  SeriesReader reader(interval, [&](const RecordedSample& sample) { samples.push_back(sample); });
  while (!text.empty()) {
    const size_t size = std::min(piece, text.size());
    reader.Feed(text.substr(0, size));
    text.remove_prefix(size);
  }
  reader.End();
  return samples;
}

// "LINE: message" of what is wrong with `text`.
inline std::string SeriesErrorOf(std::string_view text,
                                 std::optional<double> interval = std::nullopt) {
  try {
    ReadSeries(text, interval);
  } catch (const SeriesError& error) {
    return std::to_string(error.line) + ": " + error.what();
  }
  return "(no error)";
}

inline Replay ReplayOf(std::string_view text, const ReplaySettings& settings = {},
                       std::optional<double> interval = std::nullopt) {
  Replay replay(settings);
  for (const RecordedSample& sample : ReadSeries(text, interval)) replay.Add(sample);
  return replay;
}

}  // namespace memleak
