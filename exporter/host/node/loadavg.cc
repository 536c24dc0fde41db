#include "exporter/host/node/loadavg.h"

#include "exporter/host/text_scan.h"

namespace memleak {

// "0.15 0.27 0.95 1/90 25902": runnable/all.
std::optional<uint64_t> ParseThreadsOfLoadavg(std::string_view text) {
  std::string_view line;
  if (!TakeLine(text, line)) return std::nullopt;
  const size_t slash = line.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  line.remove_prefix(slash + 1);
  uint64_t threads = 0;
  if (line.starts_with(' ') || !TakeNumber(line, threads) || !line.starts_with(' ')) {
    return std::nullopt;
  }
  return threads;
}

}  // namespace memleak
