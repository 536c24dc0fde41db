#include "exporter/cli/analyze.h"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "exporter/cli/analyze_json.h"
#include "exporter/cli/analyze_text.h"
#include "exporter/cli/replay.h"
#include "exporter/cli/series_file.h"
#include "exporter/config/quote.h"

namespace memleak {
namespace {

constexpr int kNoLeak = 0;
constexpr int kUnreadable = 1;
constexpr int kLeak = 3;

// Written when it has grown to this.
constexpr size_t kOutputPiece = size_t{64} << 10;

double SecondsOf(std::chrono::milliseconds duration) {
  return std::chrono::duration<double>(duration).count();
}

ReplaySettings SettingsOf(const AnalyzeOptions& options) {
  ReplaySettings settings;
  if (options.resource == AnalyzeOptions::Resource::kFds) {
    settings.resource = SeriesResource::kFds;
  }
  settings.slot = SecondsOf(options.slot);
  if (options.limit) settings.limit = static_cast<double>(*options.limit);
  return settings;
}

void Write(std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  text.clear();
}

void Complain(const std::string& path, const SeriesError& error) {
  std::string where = path == "-" ? "standard input" : Printable(path, 4096);
  if (error.line > 0) where += ':' + std::to_string(error.line);
  std::cerr << "memleak_exporter: " << where << ": " << error.what() << '\n';
}

// As the locale's variables say; the first that is set counts.
bool TerminalTakesUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no other thread runs
    if (value == nullptr || *value == '\0') continue;
    const std::string_view locale(value);
    return locale.find("UTF-8") != std::string_view::npos ||
           locale.find("utf8") != std::string_view::npos;
  }
  return false;
}

int AnalyzeFiles(const AnalyzeOptions& options) {
  std::optional<double> interval;
  if (options.interval) interval = SecondsOf(*options.interval);
  const bool utf8 = TerminalTakesUtf8();
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

}  // namespace

int Analyze(const AnalyzeOptions& options) { return AnalyzeFiles(options); }

}  // namespace memleak
