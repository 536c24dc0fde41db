#include "exporter/config/flags.h"

#include <algorithm>
#include <optional>

#include "exporter/config/analyze_flags.h"
#include "exporter/config/config_file.h"
#include "exporter/config/flag_parser.h"
#include "exporter/config/flag_table.h"
#include "exporter/config/health_flags.h"
#include "exporter/config/quote.h"
#include "exporter/config/top_flags.h"

namespace memleak {
namespace {

// The only argument that is no flag is the name of the command.
void CheckArguments(const std::vector<std::string>& arguments) {
  for (const std::string& argument : arguments) {
    if (&argument == &arguments.front() && argument == "serve") continue;
    throw UsageError(
        "unexpected argument " + Quoted(argument) +
        "; the commands are serve, analyze, top and health, as the first word, and everything "
        "else is a flag (see --help)");
  }
}

// The action that was asked for, which makes everything else unimportant.
std::optional<CommandLine::Action> ActionOf(const std::vector<GivenFlag>& flags) {
  const auto action = std::find_if(flags.begin(), flags.end(), [](const GivenFlag& given) {
    return given.flag->kind == Flag::Kind::kAction;
  });
  if (action == flags.end()) return std::nullopt;
  return action->flag->action;
}

// What holds before anything is given.
Options Defaults() {
  Options options;
  options.trend.interval = {};  // which nobody can give: the default depends on the slot
  return options;
}

// What follows from several options together.
void Finalise(Options& options) {
  constexpr int kLooksPerSlot = 4;
  if (options.trend.interval.count() == 0) {
    options.trend.interval = options.trend.slot / kLooksPerSlot;
  }
  options.scrape.min_interval = std::min(options.scrape.min_interval, options.trend.interval);
}

CommandLine ParseServe(std::span<const char* const> arguments,
                       std::span<const CollectorFlag> collectors) {
  const std::vector<Flag> table = FlagTable(collectors);
  const GivenWords given = ParseFlags(arguments, table, "--help");
  CheckArguments(given.arguments);

  CommandLine line;
  if (const auto action = ActionOf(given.flags)) {
    line.action = *action;
    return line;
  }
  // Flags are looked at first, for the file's name and so that their errors come before its own;
  // then once more, on top of what the file says.
  line.options = Defaults();
  ApplyFlags(given.flags, line.options);
  if (!line.options.config_file.empty()) {
    const std::string path = line.options.config_file;
    line.options = Defaults();
    ApplyConfigFile(path, table, line.options);
    ApplyFlags(given.flags, line.options);
  }
  Finalise(line.options);
  return line;
}

CommandLine ParseAnalyze(std::span<const char* const> arguments) {
  CommandLine line;
  line.action = CommandLine::Action::kAnalyze;
  const std::vector<Flag> table = AnalyzeFlagTable(line.analyze);
  const GivenWords given = ParseFlags(arguments, table, "analyze --help");
  if (const auto action = ActionOf(given.flags)) {
    line.action = *action;
    return line;
  }
  ApplyFlags(given.flags, line.options);
  line.analyze.files = given.arguments;
  CheckAnalyze(line.analyze, given.flags);
  return line;
}

CommandLine ParseTop(std::span<const char* const> arguments,
                     std::span<const CollectorFlag> collectors) {
  CommandLine line;
  line.action = CommandLine::Action::kTop;
  const std::vector<Flag> table = TopFlagTable(line.top, collectors);
  const GivenWords given = ParseFlags(arguments, table, "top --help");
  if (!given.arguments.empty()) {
    throw UsageError("unexpected argument " + Quoted(given.arguments.front()) +
                     "; top takes only flags (see top --help)");
  }
  if (const auto action = ActionOf(given.flags)) {
    line.action = *action;
    return line;
  }
  line.options = Defaults();
  ApplyFlags(given.flags, line.options);
  Finalise(line.options);
  CheckTop(line.top, given.flags);
  return line;
}

CommandLine ParseHealth(std::span<const char* const> arguments) {
  CommandLine line;
  line.action = CommandLine::Action::kHealth;
  const std::vector<Flag> table = HealthFlagTable(line.health);
  const GivenWords given = ParseFlags(arguments, table, "health --help");
  if (!given.arguments.empty()) {
    throw UsageError("unexpected argument " + Quoted(given.arguments.front()) +
                     "; health takes only flags (see health --help)");
  }
  if (const auto action = ActionOf(given.flags)) {
    line.action = *action;
    return line;
  }
  ApplyFlags(given.flags, line.options);
  return line;
}

}  // namespace

CommandLine ParseCommandLine(std::span<const char* const> arguments,
                             std::span<const CollectorFlag> collectors) {
  const std::string_view first = arguments.empty() ? "" : arguments.front();
  if (first == "analyze") return ParseAnalyze(arguments.subspan(1));
  if (first == "top") return ParseTop(arguments.subspan(1), collectors);
  if (first == "health") return ParseHealth(arguments.subspan(1));
  return ParseServe(arguments, collectors);
}

}  // namespace memleak
