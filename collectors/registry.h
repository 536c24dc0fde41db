// The table of contents: every collector there is.
#pragma once

#include <span>

#include "collectors/collector.h"

namespace memleak {

std::span<const CollectorInfo> AllCollectors();

}  // namespace memleak
