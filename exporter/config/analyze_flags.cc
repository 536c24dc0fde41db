#include "exporter/config/analyze_flags.h"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "exporter/config/command_flag.h"
#include "exporter/config/errors.h"
#include "exporter/config/quote.h"
#include "exporter/config/units.h"
#include "exporter/config/values.h"

namespace memleak {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortestSlot{10};
constexpr milliseconds kShortestStep{1'000};

milliseconds ParseAtLeast(std::string_view text, milliseconds least, std::string_view example) {
  const milliseconds duration = ParseDuration(text);
  if (duration < least) {
    throw UsageError(Quoted(text) + " is too short; use " + std::string(example));
  }
  return duration;
}

bool IsGiven(const std::vector<GivenFlag>& given, std::string_view name) {
  return std::any_of(given.begin(), given.end(),
                     [&](const GivenFlag& one) { return one.flag->name == name; });
}

void RefuseGiven(const std::vector<GivenFlag>& given, std::initializer_list<std::string_view> names,
                 std::string_view why) {
  for (const std::string_view name : names) {
    if (IsGiven(given, name)) {
      throw UsageError("--" + std::string(name) + ": " + std::string(why));
    }
  }
}

}  // namespace

std::vector<Flag> AnalyzeFlagTable(AnalyzeOptions& options) {
  constexpr std::string_view kSeries = "Series";
  constexpr std::string_view kOutput = "Output";
  constexpr std::string_view kPrometheus = "From a Prometheus";
  std::vector<Flag> table;
  table.push_back(CommandChoice(kSeries, "resource", "NAME", "memory",
                                "what the values are: memory or fds", {"memory", "fds"},
                                [&options](size_t choice) {
                                  options.resource = static_cast<AnalyzeOptions::Resource>(choice);
                                }));
  table.push_back(
      CommandFlag(kSeries, "limit", "SIZE", "",
                  "what ends it, instead of the column limit; a number of descriptors with "
                  "--resource=fds",
                  [&options](std::string_view value) { options.limit = ParseSize(value); }));
  table.push_back(
      CommandFlag(kSeries, "interval", "TIME", "", "between the numbers of a log that has no times",
                  [&options](std::string_view value) {
                    options.interval = ParseAtLeast(value, milliseconds(1), "1ms or more");
                  }));
  table.push_back(CommandFlag(kSeries, "trend.slot", "TIME", "60s",
                              "what the trends are made of, as for serve",
                              [&options](std::string_view value) {
                                options.slot = ParseAtLeast(value, kShortestSlot, "10ms or more");
                              }));
  table.push_back(CommandFlag(kPrometheus, "prometheus", "URL", "",
                              "whose series to replay; user and password can stand in it",
                              [&options](std::string_view value) {
                                options.prometheus = ParseServerUrl(value, "http://localhost:9090");
                              }));
  table.push_back(
      CommandFlag(kPrometheus, "query", "PROMQL", "",
                  "which ones: a metric in bytes, or in descriptors with --resource=fds",
                  [&options](std::string_view value) { options.query = value; }));
  table.push_back(CommandFlag(kPrometheus, "since", "TIME", "7d", "how far back",
                              [&options](std::string_view value) {
                                options.since = ParseAtLeast(value, kShortestStep, "1s or more");
                              }));
  table.push_back(CommandFlag(kPrometheus, "step", "TIME", "60s", "between the samples",
                              [&options](std::string_view value) {
                                options.step = ParseAtLeast(value, kShortestStep, "1s or more");
                              }));
  table.push_back(CommandFlag(kPrometheus, "timeout", "TIME", "30s",
                              "how long to wait for an answer", [&options](std::string_view value) {
                                options.timeout = ParseAtLeast(value, kShortestStep, "1s or more");
                              }));
  table.push_back(CommandChoice(
      kOutput, "format", "FORMAT", "text", "text, or json: one object per line", {"text", "json"},
      [&options](size_t choice) { options.format = static_cast<AnalyzeOptions::Format>(choice); }));
  table.push_back(CommandFlag(kOutput, "timeline", "", "",
                              "also what was known at each sample; with --format=json",
                              [&options](std::string_view) { options.timeline = true; }));
  Flag help = CommandFlag(kOutput, "help", "", "", "print this and exit", nullptr);
  help.kind = Flag::Kind::kAction;
  help.action = CommandLine::Action::kAnalyzeHelp;
  table.push_back(std::move(help));
  return table;
}

void CheckAnalyze(const AnalyzeOptions& options, const std::vector<GivenFlag>& given) {
  constexpr std::string_view kExample =
      "; use memleak_exporter analyze FILE... (see analyze --help)";
  if (options.timeline && options.format != AnalyzeOptions::Format::kJson) {
    throw UsageError("--timeline: needs --format=json");
  }
  if (options.prometheus.empty()) {
    RefuseGiven(given, {"query", "since", "step", "timeout"}, "needs --prometheus=URL");
    if (options.files.empty()) throw UsageError("nothing to analyze" + std::string(kExample));
    return;
  }
  if (options.query.empty()) throw UsageError("--prometheus: needs --query=PROMQL");
  if (!options.files.empty()) {
    throw UsageError("--prometheus: takes no files; give it alone or " +
                     Quoted(options.files.front()) + " alone");
  }
  RefuseGiven(given, {"interval"}, "is for files; --step is that of --prometheus");
}

}  // namespace memleak
