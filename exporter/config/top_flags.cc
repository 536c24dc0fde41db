#include "exporter/config/top_flags.h"

#include <array>
#include <chrono>
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

constexpr int kMostRows = 10'000;
constexpr milliseconds kShortestInterval{100};
constexpr std::string_view kDirect = "Of this host itself (--direct)";
// Of serve, and the same here.
constexpr std::array<std::string_view, 6> kShared{"path.procfs",    "path.sysfs", "path.rootfs",
                                                  "process.source", "group.rule", "trend.slot"};

milliseconds ParseInterval(std::string_view text) {
  const milliseconds interval = ParseDuration(text);
  if (interval < kShortestInterval) {
    throw UsageError(Quoted(text) + " is too short; use 100ms or more");
  }
  return interval;
}

}  // namespace

std::vector<Flag> TopFlagTable(TopOptions& options, std::span<const CollectorFlag> collectors) {
  constexpr std::string_view kSource = "Whom to ask";
  constexpr std::string_view kOutput = "What to show";
  std::vector<Flag> table;
  table.push_back(CommandFlag(kSource, "url", "URL", "",
                              "an exporter; user and password can stand in it. Without: the one at "
                              "http://localhost:10078 if it answers, else this host itself",
                              [&options](std::string_view value) {
                                options.url = ParseServerUrl(value, "http://localhost:10078");
                              }));
  table.push_back(CommandFlag(kSource, "direct", "", "",
                              "this host itself; no exporter needs to run",
                              [&options](std::string_view) { options.direct = true; }));
  table.push_back(CommandFlag(kOutput, "once", "", "", "print one plain table and exit",
                              [&options](std::string_view) { options.once = true; }));
  table.push_back(
      CommandFlag(kOutput, "json", "", "",
                  "print node, suspects and processes once, as one JSON object, and exit",
                  [&options](std::string_view) { options.json = true; }));
  table.push_back(
      CommandFlag(kOutput, "interval", "TIME", "2s", "between refreshes",
                  [&options](std::string_view value) { options.interval = ParseInterval(value); }));
  table.push_back(CommandChoice(
      kOutput, "sort", "FIELD", "rss",
      "largest first: rss, footprint, growth, fds, pid, age or cpu",
      {"rss", "footprint", "growth", "fds", "pid", "age", "cpu"},
      [&options](size_t choice) { options.sort = static_cast<TopOptions::Sort>(choice); }));
  table.push_back(CommandFlag(
      kOutput, "rows", "N", "",
      "most processes that --once (20 without it) and --json (1000) print",
      [&options](std::string_view value) { options.rows = ParseInteger(value, 1, kMostRows); }));
  for (const std::string_view name : kShared) {
    for (Flag& flag : FlagTable(collectors)) {
      if (flag.name != name) continue;
      flag.section = kDirect;
      table.push_back(std::move(flag));
    }
  }
  Flag help = CommandFlag("Others", "help", "", "", "print this and exit", nullptr);
  help.kind = Flag::Kind::kAction;
  help.action = CommandLine::Action::kTopHelp;
  table.push_back(std::move(help));
  return table;
}

void CheckTop(const TopOptions& options, const std::vector<GivenFlag>& given) {
  if (options.direct && !options.url.empty()) {
    throw UsageError("--direct: looks at this host itself; give it or --url, not both");
  }
  if (options.direct) return;
  for (const GivenFlag& one : given) {
    if (one.flag->section == kDirect) {
      throw UsageError(one.typed + ": needs --direct; an exporter has flags of its own");
    }
  }
}

}  // namespace memleak
