// /proc/buddyinfo: a bounded number of zones and orders, whose names and counts stand in the text.
#include <string>

#include "exporter/host/node/buddyinfo.h"
#include "tests/fuzz/property.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace memleak;
  const std::string_view text = InputText(data, size);
  const auto info = ParseBuddyInfo(text);
  if (!info) return 0;
  Require(info->zones >= 1 && info->zones <= BuddyInfo::kMaxZones, "zones are bounded");
  for (size_t i = 0; i < info->zones; ++i) {
    const BuddyZone& zone = info->zone[i];
    Require(zone.orders >= 1 && zone.orders <= BuddyZone::kMaxOrders, "orders are bounded");
    Require(!zone.name.empty() && zone.name.size() <= BuddyZone::kMaxNameBytes,
            "names are bounded");
    Require(text.find(zone.name) != std::string_view::npos, "the name stands in the text");
    for (size_t order = 0; order < zone.orders; ++order) {
      Require(text.find(std::to_string(zone.free_blocks[order])) != std::string_view::npos,
              "the count stands in the text");
    }
  }
  return 0;
}
