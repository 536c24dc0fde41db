// A plot of one line of text.
#pragma once

#include <string>

#include "exporter/cli/outline.h"

namespace memleak {

// The lowest points of the series over time, at most half of Outline::kCells characters wide: block
// characters, or ASCII without `utf8`. A series that hardly changes is drawn flat; a stretch
// without samples is blank.
std::string PlotLine(const Outline& outline, bool utf8);

}  // namespace memleak
