// What a replayed series means, in plain words.
#pragma once

#include <string>
#include <vector>

#include "exporter/cli/replay.h"

namespace memleak {

// Why the verdict is what it is; of the descriptors too, where they leak.
std::vector<std::string> ReasonsOf(const Replay& replay);

}  // namespace memleak
