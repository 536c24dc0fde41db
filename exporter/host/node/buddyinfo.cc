#include "exporter/host/node/buddyinfo.h"

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// "Node 0, zone   Normal      1   1795   4569"
bool ParseZone(std::string_view line, BuddyZone& zone) {
  constexpr std::string_view kNode = "Node ";
  constexpr std::string_view kZone = ", zone ";
  if (!line.starts_with(kNode)) return false;
  line.remove_prefix(kNode.size());
  if (!TakeNumber(line, zone.numa_node) || !line.starts_with(kZone)) return false;
  line.remove_prefix(kZone.size());
  SkipBlanks(line);
  const std::string_view name = line.substr(0, line.find(' '));
  if (name.empty() || name.size() > BuddyZone::kMaxNameBytes) return false;
  zone.name = name;
  line.remove_prefix(name.size());
  for (;;) {
    SkipBlanks(line);
    if (line.empty()) return zone.orders > 0;
    if (zone.orders == BuddyZone::kMaxOrders) return false;
    if (!TakeNumber(line, zone.free_blocks[zone.orders])) return false;
    if (!line.empty() && !line.starts_with(' ')) return false;
    ++zone.orders;
  }
}

}  // namespace

std::optional<BuddyInfo> ParseBuddyInfo(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::optional<BuddyInfo> info(std::in_place);
  std::string_view line;
  while (!text.empty() && info->zones < BuddyInfo::kMaxZones) {
    if (!TakeLine(text, line) || !ParseZone(line, info->zone[info->zones])) return std::nullopt;
    ++info->zones;
  }
  return info;
}

}  // namespace memleak
