// Which list `top` shows, in which order, and how the API is asked for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/config/top_options.h"

namespace memleak {

using SortKey = TopOptions::Sort;

enum class View : uint8_t { kProcesses, kGroups, kContainers };

struct Listing {
  View view = View::kProcesses;
  SortKey sort = SortKey::kRss;
  bool reverse = false;
  bool suspects_only = false;
  std::string search;

  bool operator==(const Listing&) const = default;
};

// "/api/v1/processes"
std::string PathOf(View view);
// "processes"
std::string_view ListName(View view);

// Of this view, what a sort key stands for; containers have fewer fields, and the default then.
std::string_view SortField(View view, SortKey key);

// The query of the rows from `offset` on.
std::string ListQuery(const Listing& listing, size_t offset, size_t limit);

// "largest RSS first"
std::string OrderText(const Listing& listing);

}  // namespace memleak
