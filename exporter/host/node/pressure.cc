#include "exporter/host/node/pressure.h"

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=0": the total, whatever stands before it.
std::optional<uint64_t> ParseTotal(std::string_view line) {
  constexpr std::string_view kKey = " total=";
  const size_t at = line.find(kKey);
  if (at == std::string_view::npos) return std::nullopt;
  line.remove_prefix(at + kKey.size());
  uint64_t total = 0;
  if (line.starts_with(' ') || !TakeNumber(line, total)) return std::nullopt;
  if (!line.empty() && !line.starts_with(' ')) return std::nullopt;
  return total;
}

}  // namespace

std::optional<MemoryPressure> ParseMemoryPressure(std::string_view text) {
  MemoryPressure pressure;
  std::string_view line;
  while (!text.empty()) {
    if (!TakeLine(text, line)) return std::nullopt;
    const bool some = line.starts_with("some ");
    if (!some && !line.starts_with("full ")) continue;
    const auto total = ParseTotal(line);
    if (!total) return std::nullopt;
    (some ? pressure.some_microseconds : pressure.full_microseconds) = total;
  }
  if (!pressure.some_microseconds) return std::nullopt;
  return pressure;
}

}  // namespace memleak
