// The lines above the table: the node, and whom a leak is suspected of, in plain words.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/documents.h"
#include "exporter/cli/top/frame.h"
#include "exporter/cli/top/look.h"

namespace memleak {

// Memory, swap and which way it moves, pressure, the last OOM kill. What is unknown is left out.
std::vector<TextLine> NodeLines(const NodeDocument& document, Charset charset);

// "java:service.jar, pid 4711: memory climbs 12.3 MiB/h, at its limit in 2.10 h"
std::string SuspectSentence(const Row& row, Charset charset);

// At most `most` lines, the last one counting what has no room; without suspects one that says so,
// and when more can be said.
std::vector<TextLine> SuspectLines(const Look& look, size_t most, Charset charset);

// "12 of 5,012 processes, largest RSS first, with "java" in a name"
std::string ListSentence(const Look& look, Charset charset);

}  // namespace memleak
