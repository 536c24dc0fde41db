// What must hold of any text that is read as a recorded series, and of what is said of it.
#pragma once

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/cli/analyze_json.h"
#include "exporter/cli/analyze_text.h"
#include "exporter/cli/replay.h"
#include "exporter/cli/series_reader.h"
#include "tests/fuzz/property.h"

namespace memleak {

struct ReadOutcome {
  std::vector<RecordedSample> samples;
  std::string error;  // with its line

  bool operator==(const ReadOutcome& other) const {
    if (error != other.error || samples.size() != other.samples.size()) return false;
    for (size_t i = 0; i < samples.size(); ++i) {
      if (samples[i].time != other.samples[i].time) return false;
      if (samples[i].value != other.samples[i].value) return false;
      if (samples[i].restarted != other.samples[i].restarted) return false;
    }
    return true;
  }
};

inline ReadOutcome ReadInPieces(std::string_view text, std::optional<double> interval,
                                size_t piece) {
  ReadOutcome outcome;
  SeriesReader reader(interval,
                      [&](const RecordedSample& sample) { outcome.samples.push_back(sample); });
  try {
    while (!text.empty()) {
      reader.Feed(text.substr(0, piece));
      text.remove_prefix(std::min(piece, text.size()));
    }
    reader.End();
  } catch (const SeriesError& error) {
    outcome.error = std::to_string(error.line) + ": " + error.what();
  }
  return outcome;
}

inline void RequireSeriesHolds(std::string_view text, std::optional<double> interval) {
  const ReadOutcome whole = ReadInPieces(text, interval, std::string_view::npos);
  // A line that is too long is refused when it is seen to be, which depends on the pieces.
  if (text.size() < (size_t{32} << 10)) {
    Require(whole == ReadInPieces(text, interval, 3), "pieces do not matter");
  }
  Require(IsUtf8(whole.error) && whole.error.find('\n') == std::string::npos, "an error is a line");
  Require(!whole.error.empty() || !whole.samples.empty(), "a sample or an error");

  ReplaySettings settings;
  settings.limit = interval;
  Replay replay(settings);
  std::string out;
  double last = -1e300;
  for (const RecordedSample& sample : whole.samples) {
    Require(std::isfinite(sample.time) && sample.time >= last, "time goes forward");
    Require(std::isfinite(sample.value), "a value is a number");
    Require(std::isnan(sample.limit) || sample.limit > 0, "a limit is one");
    last = sample.time;
    replay.Add(sample);
    out.clear();
    AppendTimelineJson(out, sample.time, replay);
    Require(out.find("inf") == std::string::npos && out.find("nan") == std::string::npos,
            "JSON knows numbers only");
  }
  if (whole.samples.empty()) return;
  out.clear();
  AppendSummaryJson(out, text.substr(0, 100), replay);
  Require(IsUtf8(out) && out.find('\n') == out.size() - 1, "a summary is a line");
  out.clear();
  AppendSummaryText(out, text.substr(0, 100), replay, true);
  Require(IsUtf8(out), "words are UTF-8, whatever the name");
  out.clear();
  AppendSummaryText(out, "x", replay, true);
  Require(out.find("plain arithmetic: ") != std::string::npos, "the plain arithmetic is there");
  Require(out.find("inf ") == std::string::npos && out.find("nan ") == std::string::npos,
          "figures are numbers");
}

}  // namespace memleak
