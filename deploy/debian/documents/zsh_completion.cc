#include "deploy/debian/documents/completions.h"

namespace memleak {
namespace {

constexpr std::string_view kHead = R"(#compdef memleak_exporter
# Completion of zsh for memleak_exporter; generated from its flags.

_memleak_exporter() {
  local command=serve
  local -a known flags
)";
constexpr std::string_view kChoose = R"(  if ((CURRENT > 2)) && ((${known[(I)$words[2]:*]})); then
    command=$words[2]
    shift words
    ((CURRENT--))
  elif ((CURRENT == 2)); then
    _describe -t commands command known
  fi
  case $command in
)";
constexpr std::string_view kTail = R"(  esac
  _arguments : $flags
}

_memleak_exporter "$@"
)";

std::string InQuotes(const std::string& text) { return "'" + Replaced(text, "'", "'\\''") + "'"; }

// As part of a specification, where colons and brackets mean something.
std::string Escaped(std::string text) {
  text = Replaced(std::move(text), "\\", "\\\\");
  for (const std::string_view special : {":", "[", "]"}) {
    text = Replaced(std::move(text), special, "\\" + std::string(special));
  }
  return text;
}

std::string Value(const Flag& flag) {
  std::string text = ":" + Escaped(flag.value_name) + ":";
  switch (ValueKindOf(flag)) {
    case ValueKind::kFile:
      return text + "_files";
    case ValueKind::kDirectory:
      return text + "_directories";
    case ValueKind::kChoice:
      return text + "(" + ChoicesOf(flag) + ")";
    case ValueKind::kWord:
      break;
  }
  return text + " ";
}

}  // namespace

std::string ZshCompletion(std::span<const Command> commands) {
  std::string out(kHead);
  out += "  known=(\n";
  for (const Command& command : commands) {
    out += "    " + InQuotes(std::string(command.name) + ":" + std::string(command.summary)) + "\n";
  }
  out += "  )\n";
  out += kChoose;
  for (const Command& command : commands) {
    out += "    " + std::string(command.name) + ")\n      flags=(\n";
    for (const Flag& flag : command.flags) {
      const std::vector<std::string> names = NamesOf(flag);
      for (const std::string& name : names) {
        std::string row = flag.IsRepeatable() ? "*" : "";
        if (names.size() > 1) row += "(" + names[0] + " " + names[1] + ")";
        row += name + (flag.TakesValue() ? "=" : "") + "[" + Escaped(flag.help) + "]";
        if (flag.TakesValue()) row += Value(flag);
        out += "        " + InQuotes(row) + "\n";
      }
    }
    if (command.takes_files) out += "        '*:FILE:_files'\n";
    out += "      )\n      ;;\n";
  }
  out += kTail;
  return out;
}

}  // namespace memleak
