#include <algorithm>
#include <string>
#include <string_view>

#include "exporter/config/flag_table.h"
#include "exporter/config/flags.h"

namespace memleak {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kHelpColumn = 37;

constexpr std::string_view kIntroduction =
    R"(memleak_exporter finds memory and file-descriptor leaks on a Linux host: it serves what every
process and group of processes really holds as Prometheus metrics.

Usage:    memleak_exporter [serve] [flags]
Example:  memleak_exporter --web.listen-address=127.0.0.1:10078 --process.min-rss=32MiB
)";

constexpr std::string_view kClosing = R"(
Sizes (SIZE) take KiB, MiB, GiB, kB, MB or GB; durations (TIME) take ms, s, m, h or d, as in 1h30m.
In the configuration file --web.max-requests=20 is "web: {max-requests: 20}", and a rule is
"group: {rules: [{name: api, match: 'java .*api'}]}".
)";

std::string Synopsis(const Flag& flag) {
  std::string text = flag.kind == Flag::Kind::kSwitch ? "  --[no-]" : "  --";
  text += flag.name;
  if (flag.TakesValue()) text += '=' + flag.value_name;
  return text;
}

std::string Description(const Flag& flag) {
  if (flag.default_value.empty()) return flag.help;
  std::string value = flag.default_value;
  if (flag.kind == Flag::Kind::kSwitch) value = value == "true" ? "on" : "off";
  return flag.help + " (default " + value + ')';
}

// Appends `text` after `line`, broken between words; a default at the end stays in one piece.
void AppendWrapped(std::string& out, std::string line, std::string_view text) {
  if (line.size() + 2 > kHelpColumn) {
    out += line + '\n';
    line.clear();
  }
  line.resize(kHelpColumn, ' ');
  bool first = true;
  while (!text.empty()) {
    const bool is_default = text.starts_with("(default ");
    const size_t end = is_default ? text.size() : std::min(text.find(' '), text.size());
    if (!first && line.size() + 1 + end > kWidth) {
      out += line + '\n';
      line.assign(kHelpColumn, ' ');
      first = true;
    }
    if (!first) line += ' ';
    line += text.substr(0, end);
    first = false;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  out += line + '\n';
}

}  // namespace

std::string HelpText(std::span<const CollectorFlag> collectors) {
  std::string out(kIntroduction);
  std::string_view section;
  for (const Flag& flag : FlagTable(collectors)) {
    if (flag.section != section) {
      section = flag.section;
      out += '\n' + std::string(section) + ":\n";
    }
    AppendWrapped(out, Synopsis(flag), Description(flag));
  }
  out += kClosing;
  return out;
}

}  // namespace memleak
