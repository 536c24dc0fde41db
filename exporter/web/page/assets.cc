#include "exporter/web/page/assets.h"

#include <algorithm>

#include "exporter/web/page/embedded_assets.h"

namespace memleak {

const Asset* FindAsset(std::string_view path) {
  const auto assets = EmbeddedAssets();
  const auto found = std::find_if(assets.begin(), assets.end(),
                                  [&](const Asset& asset) { return asset.path == path; });
  return found == assets.end() ? nullptr : &*found;
}

}  // namespace memleak
