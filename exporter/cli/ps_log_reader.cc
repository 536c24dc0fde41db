#include "exporter/cli/ps_log_reader.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "exporter/cli/number_text.h"
#include "exporter/cli/timestamp.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr double kBytesPerKb = 1024;
constexpr double kLargestKb = 1e27;  // what is beyond was not measured

// One line, taken apart.
struct Line {
  std::string_view time;    // empty for a bare number
  std::string_view number;  // empty where `ps` found no process
};

bool IsKb(std::string_view text) {
  return text == "KB" || text == "kB" || text == "KiB" || text == "kb" || text == "K" ||
         text == "k";
}

// `N KB (M MB)`, of which all but KB may be missing.
std::optional<std::string_view> NumberOfKb(std::string_view text) {
  text = Trimmed(text);
  if (text.ends_with(')')) {
    const size_t parenthesis = text.find('(');
    if (parenthesis == std::string_view::npos) return std::nullopt;
    text = Trimmed(text.substr(0, parenthesis));
  }
  const size_t number_end = std::min(text.find_first_not_of("0123456789."), text.size());
  if (!IsKb(Trimmed(text.substr(number_end)))) return std::nullopt;
  return text.substr(0, number_end);
}

std::optional<Line> TakeApart(std::string_view text) {
  text = Trimmed(text);
  if (ParseNumber(text)) return Line{{}, text};
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::optional<std::string_view> number = NumberOfKb(text.substr(colon + 1));
  if (!number) return std::nullopt;
  Line line{Trimmed(text.substr(0, colon)), *number};
  if (line.time.ends_with("RSS") || line.time.ends_with("rss")) {
    line.time.remove_suffix(3);
    line.time = Trimmed(line.time);
  }
  if (line.time.empty()) return std::nullopt;
  return line;
}

}  // namespace

bool PsLogReader::LooksLikeLine(std::string_view line) { return TakeApart(line).has_value(); }

std::optional<RecordedSample> PsLogReader::Read(std::string_view text, size_t number) {
  const bool blank = Trimmed(text).empty();
  if (blank && !bare_) return std::nullopt;
  const std::optional<Line> line = blank ? Line{} : TakeApart(text);
  if (!line) {
    throw SeriesError(number, Quoted(text) +
                                  " is not understood; expected a line like \"2026-11-20 14:08:01 "
                                  "RSS: 317440 KB (310 MB)\", \"Fri Nov 20 14:08:01 UTC 2026: "
                                  "317440 KB\", or numbers of KB alone");
  }
  RecordedSample sample;
  const bool first = lines_ == 0;
  if (first) bare_ = line->time.empty();
  if (bare_ != line->time.empty()) {
    throw SeriesError(number, bare_ ? "has a time, and the lines before have none"
                                    : "has no time, and the lines before have one");
  }
  if (bare_) {
    if (!interval_) {
      throw SeriesError(number, "numbers without a time need --interval, like --interval=60s");
    }
    sample.time = static_cast<double>(lines_) * *interval_;
  } else {
    const std::optional<double> time = ParseTimestamp(line->time);
    if (!time) {
      throw SeriesError(number, Quoted(line->time) +
                                    " is not a time; use what `date` prints in English, or "
                                    "2026-11-20 14:08:01");
    }
    sample.time = *time;
  }
  ++lines_;
  if (line->number.empty()) {
    ended_ = seen_;
    return std::nullopt;
  }
  const std::optional<double> kb = ParseNumber(line->number);
  if (!kb || !(*kb >= 0 && *kb <= kLargestKb)) {  // NaN too
    throw SeriesError(number, Quoted(line->number) + " is not a number of KB");
  }
  sample.value = *kb * kBytesPerKb;
  sample.restarted = ended_;
  ended_ = false;
  seen_ = true;
  return sample;
}

}  // namespace memleak
