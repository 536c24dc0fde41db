// The largest mappings of a process one by one, as smaps tells them (smaps.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace memleak {

struct Region {
  // What is longer of a name is not kept.
  static constexpr size_t kMaxNameBytes = 1024;

  uint64_t start = 0;         // address
  uint64_t end = 0;           // the first behind it
  std::string permissions;    // "rw-p"
  uint64_t offset = 0;        // in its file
  std::string name;           // as the kernel prints it, any bytes but newlines; empty for none
  uint64_t resident = 0;      // Rss, bytes
  uint64_t proportional = 0;  // Pss, bytes
  uint64_t swapped = 0;       // Swap, bytes
};

// Keeps the ten with the largest Rss of all that it is offered.
class LargestRegions {
 public:
  static constexpr size_t kMost = 10;

  void Offer(const Region& region);
  // Largest first; of equal ones the lower address.
  const std::vector<Region>& regions() const { return regions_; }

 private:
  std::vector<Region> regions_;
};

}  // namespace memleak
