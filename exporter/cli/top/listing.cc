#include "exporter/cli/top/listing.h"

#include <array>

#include "exporter/cli/http_url.h"

namespace memleak {
namespace {

// A field of the API, and how people call its order.
struct Order {
  std::string_view field;
  std::string_view first;    // what comes first
  std::string_view reverse;  // the other way round
  bool ascending = false;    // what comes first is the least
};
using Orders = std::array<Order, 7>;

constexpr Orders kProcessOrders{{
    {"resident_bytes", "largest RSS first", "smallest RSS first"},
    {"footprint_bytes", "largest footprint first", "smallest footprint first"},
    {"growth_bytes_per_second", "fastest growth first", "slowest growth first"},
    {"open_fds", "most descriptors first", "fewest descriptors first"},
    {"pid", "highest pid first", "lowest pid first"},
    {"age_seconds", "oldest first", "youngest first"},
    {"cpu_seconds", "most CPU time first", "least CPU time first"},
}};
constexpr Orders kGroupOrders{{
    {"resident_bytes", "largest RSS first", "smallest RSS first"},
    {"footprint_bytes", "largest footprint first", "smallest footprint first"},
    {"growth_bytes_per_second", "fastest growth first", "slowest growth first"},
    {"open_fds", "most descriptors first", "fewest descriptors first"},
    {"group", "by name", "by name, from the end", true},
    {"oldest_start_time", "oldest first", "youngest first", true},
    {"cpu_seconds", "most CPU time first", "least CPU time first"},
}};
constexpr Order kUnreclaimable{"unreclaimable_bytes", "largest unreclaimable memory first",
                               "smallest unreclaimable memory first"};
constexpr Orders kContainerOrders{{
    kUnreclaimable,
    {"footprint_bytes", "largest footprint first", "smallest footprint first"},
    {"growth_bytes_per_second", "fastest growth first", "slowest growth first"},
    kUnreclaimable,
    {"cgroup", "by name", "by name, from the end", true},
    kUnreclaimable,
    kUnreclaimable,
}};

const Order& OrderOf(View view, SortKey key) {
  const Orders& orders = view == View::kProcesses ? kProcessOrders
                         : view == View::kGroups  ? kGroupOrders
                                                  : kContainerOrders;
  return orders[static_cast<size_t>(key)];
}

}  // namespace

std::string_view ListName(View view) {
  return view == View::kProcesses ? "processes" : view == View::kGroups ? "groups" : "cgroups";
}

std::string PathOf(View view) { return "/api/v1/" + std::string(ListName(view)); }

std::string_view SortField(View view, SortKey key) { return OrderOf(view, key).field; }

std::string ListQuery(const Listing& listing, size_t offset, size_t limit) {
  const Order& order = OrderOf(listing.view, listing.sort);
  std::string query = "sort=";
  if (order.ascending == listing.reverse) query += '-';
  query += order.field;
  query += "&offset=" + std::to_string(offset) + "&limit=" + std::to_string(limit);
  if (!listing.search.empty()) query += "&search=" + PercentEncoded(listing.search);
  if (listing.suspects_only) query += "&suspects=true";
  return query;
}

std::string OrderText(const Listing& listing) {
  const Order& order = OrderOf(listing.view, listing.sort);
  return std::string(listing.reverse ? order.reverse : order.first);
}

}  // namespace memleak
