#include "exporter/host/process/proc_limits.h"

#include "exporter/host/text_scan.h"

namespace memleak {

std::optional<uint64_t> ParseMaxOpenFiles(std::string_view text) {
  constexpr std::string_view kKey = "Max open files ";
  std::string_view line;
  while (TakeLine(text, line)) {
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    uint64_t soft = 0;
    if (!TakeNumber(line, soft) || !line.starts_with(' ')) return std::nullopt;
    return soft;
  }
  return std::nullopt;
}

}  // namespace memleak
