#include "collectors/registry.h"

#include <array>

#include "collectors/group.h"
#include "collectors/meminfo.h"
#include "collectors/process.h"
#include "collectors/process_vm.h"
#include "collectors/swap.h"

namespace memleak {
namespace {

constexpr std::array<CollectorInfo, 5> kCollectors = {{
    kProcessCollector,
    kProcessVmCollector,
    kGroupCollector,
    kMeminfoCollector,
    kSwapCollector,
}};

}  // namespace

std::span<const CollectorInfo> AllCollectors() { return kCollectors; }

}  // namespace memleak
