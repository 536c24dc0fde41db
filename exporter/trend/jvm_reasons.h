// What a JVM's heap says about why its process grows: a leak in the heap, in its classes, or in
// native memory outside of it.
#pragma once

#include <optional>
#include <string>

#include "exporter/model/evidence/jvm_history.h"

namespace memleak {

// Whether the old generation holds ever more after its collections, to this day.
bool HeapLeaks(const JvmHistory& history);

// One sentence as those of reasons.h; empty when nothing can be said, as of a healthy JVM.
// `footprint_growth` is by how many bytes the process's footprint grew over the time that the
// history covers, from `heap.first_time` to `heap.last_time`; nothing when that is not known.
std::string JvmReason(const JvmHistory& history, std::optional<double> footprint_growth);

}  // namespace memleak
