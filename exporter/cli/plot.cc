#include "exporter/cli/plot.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

namespace memleak {
namespace {

using Ramp = std::array<std::string_view, 8>;
constexpr Ramp kBlocks{"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
constexpr double kTop = 7;
constexpr Ramp kAscii{".", ":", "-", "=", "+", "*", "#", "@"};

// A change by less of the lowest value fills no more than its part of the height, so that a wobble
// does not look like a leak.
constexpr double kLeastHeight = 0.1;

}  // namespace

std::string PlotLine(const Outline& outline, bool utf8) {
  const Ramp& ramp = utf8 ? kBlocks : kAscii;
  const double low = outline.least();
  const double height = std::max(outline.greatest() - low, std::abs(low) * kLeastHeight);
  const size_t used = outline.used_cells();
  const size_t merged = used > Outline::kCells / 2 ? 2 : 1;
  std::string line;
  for (size_t begin = 0; begin < used; begin += merged) {
    Outline::Cell column;
    for (size_t i = begin; i < std::min(begin + merged, used); ++i) {
      column.least = std::min(column.least, outline.cells()[i].least);
      column.greatest = std::max(column.greatest, outline.cells()[i].greatest);
    }
    if (column.empty()) {
      line += ' ';
      continue;
    }
    const double share = height > 0 ? (column.least - low) / height : 0;
    line += ramp[static_cast<size_t>(std::lround(std::clamp(share, 0.0, 1.0) * kTop))];
  }
  return line;
}

}  // namespace memleak
