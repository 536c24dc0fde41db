#include "collectors/registry.h"

#include <array>

#include "collectors/buddyinfo.h"
#include "collectors/cgroup.h"
#include "collectors/fd_kinds.h"
#include "collectors/filefd.h"
#include "collectors/group.h"
#include "collectors/jvm.h"
#include "collectors/mappings.h"
#include "collectors/meminfo.h"
#include "collectors/node_trend.h"
#include "collectors/oom.h"
#include "collectors/pressure.h"
#include "collectors/process.h"
#include "collectors/process_count.h"
#include "collectors/process_vm.h"
#include "collectors/slab.h"
#include "collectors/swap.h"
#include "collectors/vmstat.h"

namespace memleak {
namespace {

constexpr std::array<CollectorInfo, 17> kCollectors = {{
    kProcessCollector,
    kProcessVmCollector,
    kFdKindsCollector,
    kMappingsCollector,
    kJvmCollector,
    kGroupCollector,
    kCgroupCollector,
    kOomCollector,
    kMeminfoCollector,
    kNodeTrendCollector,
    kSwapCollector,
    kVmstatCollector,
    kPressureCollector,
    kSlabCollector,
    kBuddyinfoCollector,
    kFilefdCollector,
    kProcessCountCollector,
}};

}  // namespace

std::span<const CollectorInfo> AllCollectors() { return kCollectors; }

}  // namespace memleak
