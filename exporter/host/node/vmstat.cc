#include "exporter/host/node/vmstat.h"

#include <array>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

struct Line {
  std::string_view key;  // with the blank that ends it: others begin with the same letters
  std::optional<uint64_t> VmStat::*field;
};

constexpr std::array<Line, 4> kLines = {{
    {"pswpin ", &VmStat::swapped_in_pages},
    {"pswpout ", &VmStat::swapped_out_pages},
    {"pgmajfault ", &VmStat::major_faults},
    {"oom_kill ", &VmStat::oom_kills},
}};

}  // namespace

std::optional<VmStat> ParseVmStat(std::string_view text) {
  if (text.empty()) return std::nullopt;
  VmStat stat;
  std::string_view line;
  while (!text.empty()) {
    if (!TakeLine(text, line)) return std::nullopt;
    for (const Line& known : kLines) {
      if (!line.starts_with(known.key)) continue;
      line.remove_prefix(known.key.size());
      uint64_t value = 0;
      if (!TakeNumber(line, value) || !line.empty()) return std::nullopt;
      stat.*known.field = value;
      break;
    }
  }
  return stat;
}

}  // namespace memleak
