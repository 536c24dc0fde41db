#include "deploy/debian/documents/completions.h"

namespace memleak {
namespace {

constexpr std::string_view kHead =
    R"(# Completion of fish for memleak_exporter; generated from its flags.

complete -c memleak_exporter -f
)";

std::string InQuotes(std::string_view text) {
  return "'" + Replaced(Replaced(std::string(text), "\\", "\\\\"), "'", "\\'") + "'";
}

std::string Value(const Flag& flag) {
  switch (ValueKindOf(flag)) {
    case ValueKind::kFile:
      return " -r -F";
    case ValueKind::kDirectory:
      return " -x -a '(__fish_complete_directories (commandline -ct))'";
    case ValueKind::kChoice:
      return " -x -a " + InQuotes(ChoicesOf(flag));
    case ValueKind::kWord:
      break;
  }
  return " -x";
}

}  // namespace

std::string FishCompletion(std::span<const Command> commands) {
  std::string out(kHead);
  std::string others;  // than serve, whose flags need no command before them
  for (const Command& command : commands) {
    out += "complete -c memleak_exporter -n __fish_use_subcommand -a " + std::string(command.name) +
           " -d " + InQuotes(command.summary) + "\n";
    if (&command != &commands.front()) others += " " + std::string(command.name);
  }
  for (const Command& command : commands) {
    const bool is_default = &command == &commands.front();
    std::string seen = is_default ? "not " : "";
    seen += "__fish_seen_subcommand_from";
    seen += is_default ? others : " " + std::string(command.name);
    const std::string when = " -n " + InQuotes(seen);
    out += "\n";
    if (command.takes_files) out += "complete -c memleak_exporter" + when + " -F\n";
    for (const Flag& flag : command.flags) {
      for (const std::string& name : NamesOf(flag)) {
        out += "complete -c memleak_exporter" + when + " -l " + name.substr(2) +
               (flag.TakesValue() ? Value(flag) : "") + " -d " + InQuotes(flag.help) + "\n";
      }
    }
  }
  return out;
}

}  // namespace memleak
