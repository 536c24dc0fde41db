#include <algorithm>
#include <string>
#include <string_view>

#include "exporter/config/analyze_flags.h"
#include "exporter/config/flag_table.h"
#include "exporter/config/flags.h"
#include "exporter/config/health_flags.h"
#include "exporter/config/top_flags.h"

namespace memleak {
namespace {

constexpr size_t kWidth = 100;
constexpr size_t kHelpColumn = 37;

constexpr std::string_view kIntroduction =
    R"(memleak_exporter finds memory and file-descriptor leaks on a Linux host: it serves what every
process and group of processes really holds as Prometheus metrics.

Usage:    memleak_exporter [serve] [flags]
          memleak_exporter analyze [flags] FILE...    (see analyze --help)
          memleak_exporter top [flags]                (see top --help)
          memleak_exporter health [flags]             (see health --help)
Example:  memleak_exporter --web.listen-address=127.0.0.1:10078 --process.min-rss=32MiB
)";

constexpr std::string_view kAnalyzeIntroduction =
    R"(memleak_exporter analyze tells of a recorded series of memory or descriptors whether it leaks.

Usage:    memleak_exporter analyze [flags] FILE...    (- is standard input)
          memleak_exporter analyze [flags] --prometheus=URL --query=PROMQL
Example:  memleak_exporter analyze --limit=2GiB rss.log
          memleak_exporter analyze --prometheus=http://localhost:9090 \
              --query='container_memory_rss{pod=~"api-.*"}'
)";

constexpr std::string_view kAnalyzeClosing = R"(
A FILE is CSV whose header names timestamp (Unix seconds or ISO 8601) and value (bytes or
descriptors), and may name limit, cpu_seconds, threads, fds, connections and start_time; or a log
of ps, with lines like
  2026-11-20 14:08:01 RSS: 317440 KB (310 MB)
  Fri Nov 20 14:08:01 UTC 2026: 317440 KB
  317440                                      (with --interval)
where a missing number ends a life. Times without a zone are UTC.

Exit status: 0 no leak, 3 a leak is suspected, 1 something could not be read, 2 wrong usage.
Sizes (SIZE) take KiB, MiB, GiB, kB, MB or GB; durations (TIME) take ms, s, m, h or d, as in 1h30m.
)";

constexpr std::string_view kClosing = R"(
Sizes (SIZE) take KiB, MiB, GiB, kB, MB or GB; durations (TIME) take ms, s, m, h or d, as in 1h30m.
In the configuration file --web.max-requests=20 is "web: {max-requests: 20}", and a rule is
"group: {rules: [{name: api, match: 'java .*api'}]}".
)";

constexpr std::string_view kTopIntroduction =
    R"(memleak_exporter top shows in the terminal which processes leak and which are the largest.

Usage:    memleak_exporter top [flags]
Example:  memleak_exporter top --url=http://worker-a17:10078
          memleak_exporter top --direct --once --sort=growth
)";

constexpr std::string_view kTopClosing = R"(
Keys: q ends, h lists the others. Where there is no terminal it prints as with --once.
With --direct what is learned ends with it: a leak shows after some minutes of looking.
Exit status: 0 fine, 1 nobody answered, 2 wrong usage.
Durations (TIME) take ms, s, m, h or d, as in 1h30m.
)";

constexpr std::string_view kHealthIntroduction =
    R"(memleak_exporter health asks a running exporter whether it is healthy, for probes.

Usage:    memleak_exporter health [flags]
Example:  memleak_exporter health --url=http://127.0.0.1:10079
)";

constexpr std::string_view kHealthClosing = R"(
Exit status: 0 healthy, 1 not, or nobody answered, 2 wrong usage.
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

void AppendFlags(std::string& out, const std::vector<Flag>& table) {
  std::string_view section;
  for (const Flag& flag : table) {
    if (flag.section != section) {
      section = flag.section;
      out += '\n' + std::string(section) + ":\n";
    }
    AppendWrapped(out, Synopsis(flag), Description(flag));
  }
}

}  // namespace

std::string HelpText(std::span<const CollectorFlag> collectors) {
  std::string out(kIntroduction);
  AppendFlags(out, FlagTable(collectors));
  out += kClosing;
  return out;
}

std::string AnalyzeHelpText() {
  std::string out(kAnalyzeIntroduction);
  AnalyzeOptions options;
  AppendFlags(out, AnalyzeFlagTable(options));
  out += kAnalyzeClosing;
  return out;
}

std::string TopHelpText(std::span<const CollectorFlag> collectors) {
  std::string out(kTopIntroduction);
  TopOptions options;
  AppendFlags(out, TopFlagTable(options, collectors));
  out += kTopClosing;
  return out;
}

std::string HealthHelpText() {
  std::string out(kHealthIntroduction);
  HealthOptions options;
  AppendFlags(out, HealthFlagTable(options));
  out += kHealthClosing;
  return out;
}

}  // namespace memleak
