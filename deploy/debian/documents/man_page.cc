#include "deploy/debian/documents/man_page.h"

#include <stdexcept>

namespace memleak {
namespace {

// Every dash is one that may have to be typed or searched for.
std::string Escaped(std::string_view text) {
  std::string out = Replaced(Replaced(std::string(text), "\\", "\\e"), "-", "\\-");
  // At the beginning of a line these two would begin a request.
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

std::string Bold(std::string_view text) { return "\\fB" + Escaped(text) + "\\fR"; }

std::string Synopsis(const Flag& flag) {
  if (flag.kind == Flag::Kind::kSwitch)
    return Bold("--") + "[" + Bold("no-") + "]" + Bold(flag.name);
  std::string text = Bold("--" + flag.name);
  if (flag.TakesValue()) text += Bold("=") + "\\fI" + Escaped(flag.value_name) + "\\fR";
  return text;
}

std::string Default(const Flag& flag) {
  if (flag.kind == Flag::Kind::kSwitch) return IsOffByDefault(flag) ? "off" : "on";
  return flag.default_value;
}

std::string FlagList(const Command& command) {
  std::string out;
  std::string_view section;
  for (const Flag& flag : command.flags) {
    if (flag.section != section) {
      section = flag.section;
      out += ".SS \"" + Escaped(section) + "\"\n";
    }
    out += ".TP\n" + Synopsis(flag) + '\n' + Escaped(flag.help) + ".\n";
    const std::string value = Default(flag);
    if (!value.empty()) out += "Default: " + Bold(value) + ".\n";
  }
  return out;
}

}  // namespace

std::string ManPage(std::string_view page, std::string_view version,
                    std::span<const Command> commands) {
  std::string out(page);
  for (const Command& command : commands) {
    const std::string line = "@FLAGS " + std::string(command.name) + "@\n";
    if (out.find(line) == std::string::npos) {
      throw std::runtime_error("the manual page has no line " + line);
    }
    out = Replaced(std::move(out), line, FlagList(command));
  }
  out = Replaced(std::move(out), "@VERSION@", version);
  if (const size_t left = out.find("\n@"); left != std::string::npos) {
    throw std::runtime_error("the manual page has a line that nothing fills in: " +
                             out.substr(left + 1, out.find('\n', left + 1) - left - 1));
  }
  return out;
}

}  // namespace memleak
