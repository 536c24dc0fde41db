#include "exporter/host/process/proc_status.h"

#include <array>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

struct Line {
  std::string_view key;
  MemoryField field;
};

constexpr std::array<Line, kMemoryFields> kLines = {{
    {"VmPeak:", MemoryField::kPeakVirtual},
    {"VmSize:", MemoryField::kVirtual},
    {"VmLck:", MemoryField::kLocked},
    {"VmPin:", MemoryField::kPinned},
    {"VmHWM:", MemoryField::kPeakResident},
    {"VmRSS:", MemoryField::kResident},
    {"RssAnon:", MemoryField::kAnon},
    {"RssFile:", MemoryField::kFile},
    {"RssShmem:", MemoryField::kShmem},
    {"VmData:", MemoryField::kData},
    {"VmStk:", MemoryField::kStack},
    {"VmExe:", MemoryField::kExe},
    {"VmLib:", MemoryField::kLib},
    {"VmPTE:", MemoryField::kPageTable},
    {"VmSwap:", MemoryField::kSwap},
}};

// "Uid:	real	effective	saved	filesystem"
std::optional<uint32_t> ParseEffectiveUid(std::string_view line) {
  line.remove_prefix(std::string_view("Uid:").size());
  uint32_t real = 0;
  uint32_t effective = 0;
  if (!TakeNumber(line, real) || !TakeNumber(line, effective)) return std::nullopt;
  return effective;
}

}  // namespace

std::optional<ProcStatus> ParseProcStatus(std::string_view text) {
  ProcStatus status;
  if (text.empty()) return std::nullopt;
  size_t next = 0;  // the kernel prints the lines in this order, so the next one usually matches
  std::string_view line;
  while (!text.empty()) {
    if (!TakeLine(text, line)) return std::nullopt;
    if (line.empty()) continue;
    if (line[0] == 'U' && line.starts_with("Uid:")) {
      status.uid = ParseEffectiveUid(line);
      if (!status.uid) return std::nullopt;
      continue;
    }
    if (line[0] != 'V' && line[0] != 'R') continue;
    for (size_t tried = 0; tried < kLines.size(); ++tried, next = (next + 1) % kLines.size()) {
      if (!line.starts_with(kLines[next].key)) continue;
      const auto bytes = ParseKibibytes(line.substr(kLines[next].key.size()));
      if (!bytes) return std::nullopt;
      status.memory.Set(kLines[next].field, *bytes);
      // Nothing that we read follows VmSwap in any kernel; most of the file does.
      if (kLines[next].field == MemoryField::kSwap) return status;
      next = (next + 1) % kLines.size();
      break;
    }
  }
  return status;
}

std::vector<StatusLine> ParseMemoryLines(std::string_view text) {
  constexpr size_t kMost = 64;  // three times of what kernels print
  std::vector<StatusLine> lines;
  std::string_view line;
  while (TakeLine(text, line) && lines.size() < kMost) {
    if (!line.starts_with("Vm") && !line.starts_with("Rss")) continue;
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const auto bytes = ParseKibibytes(line.substr(colon + 1));
    if (bytes) lines.push_back({std::string(line.substr(0, colon)), *bytes});
  }
  return lines;
}

}  // namespace memleak
