#include "exporter/host/kernel_log/klog_line.h"

#include <cstdint>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

bool TakeText(std::string_view& text, std::string_view expected) {
  if (text.substr(0, expected.size()) != expected) return false;
  text.remove_prefix(expected.size());
  return true;
}

// "[  123.456789]"; the seconds are padded, the microseconds have six digits.
std::optional<double> TakeSeconds(std::string_view& text) {
  std::string_view rest = text;
  uint64_t seconds = 0;
  uint64_t microseconds = 0;
  if (!TakeText(rest, "[") || !TakeNumber(rest, seconds) || !TakeText(rest, ".")) return {};
  if (rest.find_first_not_of("0123456789") != 6 || !TakeNumber(rest, microseconds)) return {};
  if (!TakeText(rest, "]")) return {};
  text = rest;
  return static_cast<double>(seconds) + static_cast<double>(microseconds) / 1e6;
}

}  // namespace

std::optional<KlogLine> ParseKlogLine(std::string_view line) {
  uint32_t priority = 0;
  if (line.size() < 3 || line[0] != '<' || line[1] < '0' || line[1] > '9') return std::nullopt;
  line.remove_prefix(1);
  if (!TakeNumber(line, priority) || !TakeText(line, ">")) return std::nullopt;
  KlogLine parsed;
  parsed.kernels_own = priority >> 3 == 0;
  parsed.seconds = TakeSeconds(line);
  if (parsed.seconds) {
    // A text is parted by a blank, the caller is not.
    if (!line.empty() && line[0] == '[') {
      const size_t end = line.find(']');
      if (end == std::string_view::npos) return std::nullopt;
      line.remove_prefix(end + 1);
    }
    TakeText(line, " ");
  }
  parsed.text = line;
  return parsed;
}

}  // namespace memleak
