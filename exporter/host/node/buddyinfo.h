// Parser of /proc/buddyinfo (proc_buddyinfo(5)): the free blocks of each zone of memory by size.
// Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace memleak {

struct BuddyZone {
  static constexpr size_t kMaxOrders = 16;     // a kernel has 11 or so, 14 with pages of 64 KB
  static constexpr size_t kMaxNameBytes = 15;  // "Movable" is 7; a std::string of 15 is kept inline
  uint32_t numa_node = 0;
  std::string name;
  size_t orders = 0;
  std::array<uint64_t, kMaxOrders> free_blocks{};  // [order], of 2^order pages
};

struct BuddyInfo {
  static constexpr size_t kMaxZones = 64;  // a node of NUMA has one to three
  size_t zones = 0;
  std::array<BuddyZone, kMaxZones> zone;
};

// Returns nothing when the text is empty or cut, or a line is malformed. Zones beyond kMaxZones are
// left out.
std::optional<BuddyInfo> ParseBuddyInfo(std::string_view text);

}  // namespace memleak
