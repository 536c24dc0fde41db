// What the resources of an entity's history are called, in the order of its shape.
#pragma once

#include <array>
#include <string_view>

#include "exporter/trend/host_trends.h"

namespace memleak {

struct ResourceName {
  std::string_view name;
  Quantity quantity;
};
using ResourceNames = std::array<ResourceName, kTrendResources>;

inline constexpr ResourceNames kProcessResources = {{{"memory", Quantity::kBytes},
                                                     {"shared memory", Quantity::kBytes},
                                                     {"descriptors", Quantity::kDescriptors}}};
inline constexpr ResourceNames kCgroupResources = {{{"memory", Quantity::kBytes},
                                                    {"shared memory", Quantity::kBytes},
                                                    {"kernel memory", Quantity::kBytes}}};

}  // namespace memleak
