#include "exporter/cli/analyze.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

#include "exporter/cli/analyze_json.h"
#include "exporter/cli/analyze_text.h"
#include "exporter/cli/backtest.h"
#include "exporter/cli/locale_variables.h"
#include "exporter/cli/replay.h"
#include "exporter/cli/seconds.h"
#include "exporter/cli/series_file.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr int kNoLeak = 0;
constexpr int kUnreadable = 1;
constexpr int kLeak = 3;

// Written when it has grown to this.
constexpr size_t kOutputPiece = size_t{64} << 10;

[[noreturn]] void FailToWrite() {
  throw std::runtime_error("cannot write to standard output: " +
                           std::generic_category().message(errno));
}

void Write(std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size()) FailToWrite();
  text.clear();
}

void Complain(const std::string& path, const SeriesError& error) {
  std::string where = path == "-" ? "standard input" : Printable(path, 4096);
  if (error.line > 0) where += ':' + std::to_string(error.line);
  std::cerr << "memleak_exporter: " << where << ": " << error.what() << '\n';
}

int AnalyzeFiles(const AnalyzeOptions& options) {
  std::optional<double> interval;
  if (options.interval) interval = SecondsOf(*options.interval);
  const bool utf8 = LocaleVariablesSayUtf8();
  bool leak = false;
  bool unreadable = false;
  for (const std::string& path : options.files) {
    Replay replay(SettingsOf(options));
    std::string out;
    try {
      ReadSeriesFile(path, interval, [&](const RecordedSample& sample) {
        replay.Add(sample);
        if (options.timeline) AppendTimelineJson(out, sample.time, replay);
        if (out.size() >= kOutputPiece) Write(out);
      });
    } catch (const SeriesError& error) {
      Write(out);
      Complain(path, error);
      unreadable = true;
      continue;
    }
    leak = leak || replay.suspected();
    if (options.format == AnalyzeOptions::Format::kJson) {
      AppendSummaryJson(out, path, replay);
    } else {
      AppendSummaryText(out, path, replay, utf8);
    }
    Write(out);
  }
  return unreadable ? kUnreadable : leak ? kLeak : kNoLeak;
}

// On a terminal, once it takes its time.
class Progress {
 public:
  ~Progress() {
    if (shown_) std::cerr << "\r\033[K";
  }

  void Show(double share) {
    if (!terminal_ || std::chrono::steady_clock::now() - begin_ < kPatience) return;
    std::cerr << "\r\033[Kreplayed " << static_cast<int>(share * 100) << " %" << std::flush;
    shown_ = true;
  }

 private:
  static constexpr std::chrono::seconds kPatience{2};
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  const bool terminal_ = isatty(STDERR_FILENO) == 1;
  bool shown_ = false;
};

std::string BacktestSummary(const Backtest& backtest) {
  size_t alerted = 0;
  size_t unknown = 0;
  for (const auto& [name, series] : backtest.series()) {
    if (!series.replay.suspected_intervals().empty()) {
      ++alerted;
    } else if (series.replay.Now().verdict.state == TrendState::kUnknown) {
      ++unknown;
    }
  }
  const size_t all = backtest.series().size();
  return std::to_string(all) + " series: " + std::to_string(alerted) + " would have alerted, " +
         std::to_string(all - alerted - unknown) + " would not, " + std::to_string(unknown) +
         " are too short to tell\n";
}

int AnalyzePrometheus(const AnalyzeOptions& options) {
  Backtest backtest(options);
  try {
    Progress progress;
    const double now = SecondsOf(std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch()));
    backtest.Run(now, [&](double share) { progress.Show(share); });
  } catch (const BacktestError& error) {
    std::cerr << "memleak_exporter: " << error.what() << '\n';
    return kUnreadable;
  }
  const bool json = options.format == AnalyzeOptions::Format::kJson;
  const bool utf8 = LocaleVariablesSayUtf8();
  bool leak = false;
  // What would have alerted first.
  for (const bool alerted : {true, false}) {
    for (const auto& [name, series] : backtest.series()) {
      if (series.replay.suspected_intervals().empty() == alerted) continue;
      leak = leak || series.replay.suspected();
      std::string out = series.timeline;
      if (json) {
        AppendSummaryJson(out, name, series.replay);
      } else {
        AppendBacktestText(out, name, series.replay, utf8);
      }
      Write(out);
    }
  }
  std::string summary = json ? "" : BacktestSummary(backtest);
  Write(summary);
  return leak ? kLeak : kNoLeak;
}

}  // namespace

int Analyze(const AnalyzeOptions& options) {
  const int code = options.prometheus.empty() ? AnalyzeFiles(options) : AnalyzePrometheus(options);
  // A full disk must not look like "no leak".
  if (std::fflush(stdout) != 0) FailToWrite();
  return code;
}

}  // namespace memleak
