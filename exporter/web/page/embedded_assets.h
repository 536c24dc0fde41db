// What cmake/EmbedFiles.cmake made of exporter/web/page/assets/, in the order of its
// CMakeLists.txt.
#pragma once

#include <span>

#include "exporter/web/page/assets.h"

namespace memleak {

std::span<const Asset> EmbeddedAssets();

}  // namespace memleak
