#include "collectors/registry.h"

#include <array>

#include "collectors/group.h"
#include "collectors/meminfo.h"
#include "collectors/process.h"
#include "collectors/process_vm.h"

namespace memleak {
namespace {

constexpr std::array<CollectorInfo, 4> kCollectors = {{
    kProcessCollector,
    kProcessVmCollector,
    kGroupCollector,
    kMeminfoCollector,
}};

}  // namespace

std::span<const CollectorInfo> AllCollectors() { return kCollectors; }

}  // namespace memleak
