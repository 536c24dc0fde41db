#include "exporter/host/process/proc_stat.h"

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// Skips `count` blank-separated fields. False when there are fewer.
bool SkipFields(std::string_view& text, int count) {
  for (int i = 0; i < count; ++i) {
    SkipBlanks(text);
    size_t end = 0;
    while (end < text.size() && text[end] != ' ' && text[end] != '\n') ++end;
    if (end == 0) return false;
    text.remove_prefix(end);
  }
  return true;
}

}  // namespace

std::optional<ProcStat> ParseProcStat(std::string_view text) {
  // The kernel ends the line; without its end a number could be cut off in the middle.
  if (text.empty() || text.back() != '\n') return std::nullopt;
  ProcStat stat{};
  const size_t open = text.find('(');
  const size_t close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  std::string_view head = text.substr(0, open);
  if (!TakeNumber(head, stat.pid) || head != " " || stat.pid <= 0) return std::nullopt;
  stat.comm = text.substr(open + 1, close - open - 1);

  std::string_view rest = text.substr(close + 1);
  SkipBlanks(rest);
  if (rest.empty() || rest.front() == '\n') return std::nullopt;
  stat.state = rest.front();
  rest.remove_prefix(1);

  // The numbers in front of the fields name them as in proc_pid_stat(5).
  uint64_t minor_faults = 0;
  if (!SkipFields(rest, 5) ||               // (4) ppid to (8) tpgid
      !TakeNumber(rest, stat.flags) ||      // (9)
      !TakeNumber(rest, minor_faults) ||    // (10)
      !SkipFields(rest, 1) ||               // (11) cminflt
      !TakeNumber(rest, stat.major_faults)  // (12)
      || !SkipFields(rest, 1) ||            // (13) cmajflt
      !TakeNumber(rest, stat.user_ticks) || !TakeNumber(rest, stat.system_ticks) ||  // (14), (15)
      !SkipFields(rest, 4) ||                                                        // to (19) nice
      !TakeNumber(rest, stat.threads) ||                                             // (20)
      !SkipFields(rest, 1) ||                                                        // (21)
      !TakeNumber(rest, stat.start_ticks)) {                                         // (22)
    return std::nullopt;
  }
  // (48) is missing before Linux 3.5 and 0 when it is hidden from us.
  if (!SkipFields(rest, 25) || !TakeNumber(rest, stat.arg_start)) stat.arg_start = 0;
  return stat;
}

}  // namespace memleak
