// Parser of /proc/slabinfo (slabinfo(5)): the kernel's caches of small objects. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace memleak {

struct SlabInfoLine {
  std::string_view name;  // points into the text; any byte but a newline
  uint64_t pages = 0;     // that the cache holds, whether its objects are in use or not
};

// Fills `lines`, which is reused. False when the format is none that is known, or a line is
// malformed or cut.
bool ParseSlabInfo(std::string_view text, std::vector<SlabInfoLine>& lines);

}  // namespace memleak
