#include "exporter/host/cgroup/cgroup_memory.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

struct Line {
  std::string_view key;
  std::optional<uint64_t> value{};
};

// Fills `lines` with the numbers of the keys that are there. False when one is malformed.
bool TakeLines(std::string_view text, std::span<Line> lines) {
  size_t next = 0;  // the kernel prints them in the order in which they are listed here
  std::string_view line;
  while (!text.empty()) {
    if (!TakeLine(text, line)) return false;
    const size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return false;
    const std::string_view key = line.substr(0, blank);
    for (size_t tried = 0; tried < lines.size(); ++tried, next = (next + 1) % lines.size()) {
      if (lines[next].key != key) continue;
      std::string_view number = line.substr(blank);
      uint64_t value = 0;
      if (!TakeNumber(number, value) || !number.empty()) return false;
      lines[next].value = value;
      next = (next + 1) % lines.size();
      break;
    }
  }
  return true;
}

// Pages move between these numbers while the kernel prints them, so that a part can exceed its
// whole for a moment.
uint64_t Less(uint64_t whole, uint64_t part) { return whole - std::min(whole, part); }

}  // namespace

std::optional<CgroupStat> ParseCgroupStatV1(std::string_view text) {
  enum Key : size_t { kCache, kRss, kShmem, kSwap, kInactiveFile, kActiveFile };
  std::array<Line, 6> lines = {{{"total_cache"},
                                {"total_rss"},
                                {"total_shmem"},
                                {"total_swap"},
                                {"total_inactive_file"},
                                {"total_active_file"}}};
  if (!TakeLines(text, lines)) return std::nullopt;
  for (const size_t needed : {kCache, kRss, kInactiveFile, kActiveFile}) {
    if (!lines[needed].value) return std::nullopt;
  }
  CgroupStat stat;
  stat.anon = *lines[kRss].value;
  stat.shmem = lines[kShmem].value.value_or(0);  // its own line since 4.20; cache holds it before
  stat.page_cache = Less(*lines[kCache].value, stat.shmem);
  stat.reclaimable = *lines[kInactiveFile].value + *lines[kActiveFile].value;
  stat.swap = lines[kSwap].value;
  return stat;
}

std::optional<CgroupStat> ParseCgroupStatV2(std::string_view text) {
  enum Key : size_t {
    kAnon,
    kFile,
    kKernel,
    kSock,
    kShmem,
    kSwapCached,
    kInactiveAnon,
    kActiveAnon,
    kInactiveFile,
    kActiveFile,
    kUnevictable,
    kSlabReclaimable
  };
  std::array<Line, 12> lines = {{{"anon"},
                                 {"file"},
                                 {"kernel"},
                                 {"sock"},
                                 {"shmem"},
                                 {"swapcached"},
                                 {"inactive_anon"},
                                 {"active_anon"},
                                 {"inactive_file"},
                                 {"active_file"},
                                 {"unevictable"},
                                 {"slab_reclaimable"}}};
  if (!TakeLines(text, lines)) return std::nullopt;
  for (const size_t needed :
       {kAnon, kFile, kShmem, kInactiveAnon, kActiveAnon, kInactiveFile, kActiveFile}) {
    if (!lines[needed].value) return std::nullopt;
  }
  const auto value = [&](Key key) { return lines[key].value.value_or(0); };
  CgroupStat stat;
  stat.anon = value(kAnon);
  stat.shmem = value(kShmem);
  stat.page_cache = Less(value(kFile), stat.shmem);
  stat.reclaimable = value(kInactiveFile) + value(kActiveFile) + value(kSlabReclaimable);
  stat.pages = value(kInactiveAnon) + value(kActiveAnon) + value(kInactiveFile) +
               value(kActiveFile) + value(kUnevictable);
  // What is on the lists and neither mapped nor of a file is in the swap cache alone; the rest of
  // the swap cache is mapped, and so counted as anonymous memory, too.
  stat.in_both = Less(value(kSwapCached), Less(stat.pages, stat.anon + value(kFile)));
  if (lines[kKernel].value) stat.kernel = value(kKernel) + value(kSock);
  return stat;
}

std::optional<uint64_t> ParseCgroupBytes(std::string_view text) {
  uint64_t bytes = 0;
  if (!TakeNumber(text, bytes) || text != "\n") return std::nullopt;
  return bytes;
}

bool ParseCgroupLimit(std::string_view text, std::optional<uint64_t>& limit) {
  // PAGE_COUNTER_MAX in bytes; how far below 2^63 it is depends on the size of a page.
  constexpr uint64_t kUnlimited = INT64_MAX - uint64_t{1024} * 1024;
  limit.reset();
  if (text == "max\n") return true;
  const auto bytes = ParseCgroupBytes(text);
  if (!bytes) return false;
  if (*bytes < kUnlimited) limit = bytes;
  return true;
}

}  // namespace memleak
