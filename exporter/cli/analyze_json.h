// What `analyze` found, as JSON: one object per line, keys as in README.md.
#pragma once

#include <string>
#include <string_view>

#include "exporter/cli/replay.h"

namespace memleak {

// Appends what the engine says after the last sample, which was at `time`, and a newline.
void AppendTimelineJson(std::string& out, double time, const Replay& replay);

// Appends the whole of a series, and a newline. `file`: how it is called.
void AppendSummaryJson(std::string& out, std::string_view file, const Replay& replay);

}  // namespace memleak
