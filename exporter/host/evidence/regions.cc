#include "exporter/host/evidence/regions.h"

#include <algorithm>

namespace memleak {

void LargestRegions::Offer(const Region& region) {
  // They come in the order of their addresses: one that is as large as the smallest is no better.
  if (regions_.size() == kMost) {
    if (region.resident <= regions_.back().resident) return;
    regions_.pop_back();
  }
  const auto place =
      std::upper_bound(regions_.begin(), regions_.end(), region,
                       [](const Region& a, const Region& b) { return a.resident > b.resident; });
  regions_.insert(place, region);
}

}  // namespace memleak
