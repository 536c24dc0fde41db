// All that is known of one process, group or container, as lines to scroll through.
#pragma once

#include <cstddef>
#include <vector>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/documents.h"
#include "exporter/cli/top/frame.h"
#include "exporter/cli/top/listing.h"

namespace memleak {

// Lines that are longer than `cells` are broken between words.
std::vector<TextLine> DetailLines(View view, const Details& details, size_t cells, Charset charset);

}  // namespace memleak
