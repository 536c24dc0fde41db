// What the evidence about a suspect shows, in short sentences for people, beside the reasons of its
// verdict (reasons.h).
//
// What was not read is not said.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exporter/model/evidence/evidence.h"
#include "exporter/trend/verdict.h"

namespace memleak {

// Which kind of memory it is: "heap grew by 310 MiB of 320 MiB in 2.0 h", or where it has not grown
// since it is being looked at, "heap holds 310 MiB of 340 MiB". Empty when nothing is known.
std::string MappingsReason(const Observed<Mappings>& mappings);

// Which kind of descriptors: "sockets 40 -> 3,900 in 35 min", or "3,900 of 4,012 descriptors are
// sockets". Empty when nothing is known.
std::string FdKindsReason(const Observed<FdKinds>& fds);

// All that bears on what is suspected: memory (the footprint or shared memory), descriptors.
// `footprint` is the process's now; nothing where it is not known.
std::vector<std::string> EvidenceReasons(const Evidence& evidence,
                                         std::optional<uint64_t> footprint, bool memory,
                                         bool descriptors);

}  // namespace memleak
