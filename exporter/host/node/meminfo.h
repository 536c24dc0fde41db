// Parser of /proc/meminfo (proc_meminfo(5)). Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace memleak {

enum class MemInfoField : uint8_t {
  kTotal,
  kFree,
  kAvailable,
  kBuffers,
  kCached,
  kAnon,
  kShmem,
  kSlabReclaimable,
  kSlabUnreclaimable,
  kPageTables,
  kKernelStack,
  kVmallocUsed,
  kPercpu,
  kCommitted,
  kCommitLimit,
  kSwapTotal,
  kSwapFree,
};
inline constexpr size_t kMemInfoFields = 17;

// Bytes; lines that this kernel does not print are absent.
using MemInfo = std::array<std::optional<uint64_t>, kMemInfoFields>;

// Returns nothing when a line that is read is malformed, or MemTotal is missing.
std::optional<MemInfo> ParseMemInfo(std::string_view text);

}  // namespace memleak
