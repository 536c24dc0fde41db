#include "deploy/debian/documents/commands.h"

#include "collectors/registry.h"
#include "exporter/config/analyze_flags.h"
#include "exporter/config/flags.h"
#include "exporter/config/health_flags.h"
#include "exporter/config/top_flags.h"

namespace memleak {

std::vector<Command> Commands() {
  std::vector<CollectorFlag> collectors;
  for (const CollectorInfo& info : AllCollectors()) {
    collectors.push_back({info.name, info.help, info.enabled_by_default});
  }
  // The rows keep references to what they would set.
  static AnalyzeOptions analyze;
  static TopOptions top;
  static HealthOptions health;
  return {
      {"serve", "serve metrics, the page and the JSON API", false, FlagTable(collectors)},
      {"analyze", "tell of a recorded series whether it leaks", true, AnalyzeFlagTable(analyze)},
      {"top", "show in the terminal what leaks and what is largest", false,
       TopFlagTable(top, collectors)},
      {"health", "ask a running exporter whether it is healthy", false, HealthFlagTable(health)},
  };
}

ValueKind ValueKindOf(const Flag& flag) {
  if (flag.value_name == "FILE") return ValueKind::kFile;
  if (flag.value_name == "DIR") return ValueKind::kDirectory;
  return flag.choices.empty() ? ValueKind::kWord : ValueKind::kChoice;
}

std::string ChoicesOf(const Flag& flag) {
  std::string words;
  for (const std::string_view choice : flag.choices) {
    if (!words.empty()) words += ' ';
    words += choice;
  }
  return words;
}

std::vector<std::string> NamesOf(const Flag& flag) {
  std::vector<std::string> names{"--" + flag.name};
  if (flag.kind == Flag::Kind::kSwitch) names.push_back("--no-" + flag.name);
  return names;
}

bool IsOffByDefault(const Flag& flag) { return flag.default_value != "true"; }

std::string Replaced(std::string text, std::string_view from, std::string_view to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

}  // namespace memleak
