#include "exporter/host/node/meminfo.h"

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

struct Line {
  std::string_view key;
  MemInfoField field;
};

constexpr std::array<Line, kMemInfoFields> kLines = {{
    {"MemTotal:", MemInfoField::kTotal},
    {"MemFree:", MemInfoField::kFree},
    {"MemAvailable:", MemInfoField::kAvailable},
    {"Buffers:", MemInfoField::kBuffers},
    {"Cached:", MemInfoField::kCached},
    {"AnonPages:", MemInfoField::kAnon},
    {"Shmem:", MemInfoField::kShmem},
    {"KernelStack:", MemInfoField::kKernelStack},
    {"SReclaimable:", MemInfoField::kSlabReclaimable},
    {"SUnreclaim:", MemInfoField::kSlabUnreclaimable},
    {"PageTables:", MemInfoField::kPageTables},
    {"CommitLimit:", MemInfoField::kCommitLimit},
    {"Committed_AS:", MemInfoField::kCommitted},
    {"VmallocUsed:", MemInfoField::kVmallocUsed},
    {"Percpu:", MemInfoField::kPercpu},
    {"SwapTotal:", MemInfoField::kSwapTotal},
    {"SwapFree:", MemInfoField::kSwapFree},
}};

}  // namespace

std::optional<MemInfo> ParseMemInfo(std::string_view text) {
  MemInfo info;
  std::string_view line;
  while (!text.empty()) {
    if (!TakeLine(text, line)) return std::nullopt;
    for (const Line& known : kLines) {
      if (!line.starts_with(known.key)) continue;
      const auto bytes = ParseKibibytes(line.substr(known.key.size()));
      if (!bytes) return std::nullopt;
      info[static_cast<size_t>(known.field)] = bytes;
      break;
    }
  }
  if (!info[static_cast<size_t>(MemInfoField::kTotal)]) return std::nullopt;
  return info;
}

}  // namespace memleak
