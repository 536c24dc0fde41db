// The whole screen, from what was answered and what the keys have asked for.
#pragma once

#include <cstddef>
#include <string>

#include "exporter/cli/top/cells.h"
#include "exporter/cli/top/controls.h"
#include "exporter/cli/top/frame.h"
#include "exporter/cli/top/look.h"
#include "exporter/cli/top/table.h"

namespace memleak {

struct Scene {
  std::string source;          // whom the answers are from, in words
  std::string trouble;         // why they are old; empty while they are not
  const Look* look = nullptr;  // the last one that was answered; nullptr before the first
  const Controls* controls = nullptr;
  ScreenSize size;
  Charset charset = Charset::kAscii;
};

Frame Drawn(const Scene& scene);

// What keys and cursor need to know of it.
Shown ShownOf(const Scene& scene);

// What --once prints: the same without keys, as many rows as there are.
std::string PlainTable(const Scene& scene, TableWidth width);

}  // namespace memleak
