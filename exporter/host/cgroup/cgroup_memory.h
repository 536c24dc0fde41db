// What the memory controller says of one cgroup, made alike for both versions. Pure parsers of
// memory.stat and its neighbours (Documentation/admin-guide/cgroup-v2.rst and
// cgroup-v1/memory.rst in the kernel's source).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

// Bytes, of the cgroup and all below it. Unknown is not 0.
struct CgroupMemory {
  std::optional<uint64_t> usage;
  // What cannot be had back by dropping caches: usage less active and inactive file pages and
  // reclaimable slab (version 1 does not tell the slab).
  std::optional<uint64_t> unreclaimable;
  std::optional<uint64_t> anon;
  std::optional<uint64_t> shmem;
  std::optional<uint64_t> page_cache;  // file pages less shmem
  std::optional<uint64_t> kernel;      // socket buffers included
  std::optional<uint64_t> swap;        // absent where the kernel does not account for it
  uint64_t in_both = 0;  // pages that `anon` and `swap` both count: read back, slot kept

  // Anonymous memory and what of it was swapped out, as far as the kernel accounts for that: what
  // leaks. Equals RssAnon + VmSwap of the processes but for the pages that they share.
  std::optional<uint64_t> Footprint() const {
    if (!anon) return std::nullopt;
    if (!swap) return anon;
    return *anon + *swap - std::min({in_both, *anon, *swap});
  }
};

// What memory.stat adds to the numbers that have files of their own.
struct CgroupStat {
  uint64_t anon = 0;
  uint64_t shmem = 0;
  uint64_t page_cache = 0;
  uint64_t reclaimable = 0;        // file pages on the LRU lists, reclaimable slab
  uint64_t pages = 0;              // version 2: all pages on the LRU lists
  uint64_t in_both = 0;            // version 2: see CgroupMemory
  std::optional<uint64_t> kernel;  // version 2 since Linux 5.18; what is no page of `pages` before
  std::optional<uint64_t> swap;    // version 1
};

// Nothing when a line that is read is missing or malformed. Unknown lines are skipped.
std::optional<CgroupStat> ParseCgroupStatV1(std::string_view text);
std::optional<CgroupStat> ParseCgroupStatV2(std::string_view text);

// A file with one number of bytes.
std::optional<uint64_t> ParseCgroupBytes(std::string_view text);

// A limit: bytes, or nothing for none ("max", or the largest number of whole pages in version 1).
// False when it is malformed.
bool ParseCgroupLimit(std::string_view text, std::optional<uint64_t>& limit);

}  // namespace memleak
