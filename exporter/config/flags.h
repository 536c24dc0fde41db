// The command line, and with it the whole configuration: flags first, then what
// `--config.file` says for the flags that were not given.
//
// Boost.Program_options parses (prefix guessing off), flag_parser.cc alone includes it; yaml-cpp
// reads the file, yaml_tree.cc alone includes it.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/config/analyze_options.h"
#include "exporter/config/errors.h"
#include "exporter/config/health_options.h"
#include "exporter/config/options.h"
#include "exporter/config/top_options.h"

namespace memleak {

// What the configuration needs to know of a collector (the registry knows more).
struct CollectorFlag {
  std::string_view name;
  std::string_view help;
  bool enabled_by_default;
};

struct CommandLine {
  enum class Action {
    kServe,
    kAnalyze,
    kTop,
    kHealth,
    kHelp,
    kAnalyzeHelp,
    kTopHelp,
    kHealthHelp,
    kVersion,
    kListCollectors
  };
  Action action = Action::kServe;
  Options options;         // of serve, and of top where it looks at the host itself
  AnalyzeOptions analyze;  // of analyze
  TopOptions top;          // of top
  HealthOptions health;    // of health
};

// Parses `arguments` (without the program's name). The first may name a command; serve is the
// default. Throws UsageError or StartupError.
CommandLine ParseCommandLine(std::span<const char* const> arguments,
                             std::span<const CollectorFlag> collectors);

// The text of --help.
std::string HelpText(std::span<const CollectorFlag> collectors);

// The text of `analyze --help`.
std::string AnalyzeHelpText();

// The text of `top --help`.
std::string TopHelpText(std::span<const CollectorFlag> collectors);

// The text of `health --help`.
std::string HealthHelpText();

}  // namespace memleak
