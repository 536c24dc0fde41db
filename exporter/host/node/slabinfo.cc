#include "exporter/host/node/slabinfo.h"

#include "exporter/host/text_scan.h"

namespace memleak {
namespace {

// Takes the last decimal number off `text`, blanks after it too. False when there is none.
bool TakeLastNumber(std::string_view& text, uint64_t& value) {
  const size_t last = text.find_last_not_of(' ');
  if (last == std::string_view::npos) return false;
  text = text.substr(0, last + 1);
  const size_t blank = text.find_last_of(' ');
  if (blank == std::string_view::npos) return false;
  std::string_view word = text.substr(blank + 1);
  text = text.substr(0, blank);
  return TakeNumber(word, value) && word.empty();
}

// "NAME <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables ... : slabdata
// <active_slabs> <num_slabs> <sharedavail>". The name may hold blanks, so the numbers are taken
// from behind.
bool ParseLine(std::string_view line, SlabInfoLine& cache) {
  constexpr std::string_view kTunables = " : tunables ";
  constexpr std::string_view kSlabs = " : slabdata ";
  const size_t slabs_at = line.rfind(kSlabs);
  if (slabs_at == std::string_view::npos) return false;
  std::string_view slabs = line.substr(slabs_at + kSlabs.size());
  const size_t tunables_at = line.rfind(kTunables, slabs_at);
  if (tunables_at == std::string_view::npos) return false;

  uint64_t active_slabs = 0;
  uint64_t num_slabs = 0;
  if (!TakeNumber(slabs, active_slabs) || !slabs.starts_with(' ') ||
      !TakeNumber(slabs, num_slabs) || !slabs.starts_with(' ')) {
    return false;
  }

  std::string_view left = line.substr(0, tunables_at);
  uint64_t pages_per_slab = 0;
  if (!TakeLastNumber(left, pages_per_slab)) return false;
  for (int i = 0; i < 4; ++i) {
    uint64_t ignored = 0;
    if (!TakeLastNumber(left, ignored)) return false;
  }
  const size_t end = left.find_last_not_of(' ');
  if (end == std::string_view::npos) return false;
  cache.name = left.substr(0, end + 1);
  return !__builtin_mul_overflow(num_slabs, pages_per_slab, &cache.pages);
}

}  // namespace

bool ParseSlabInfo(std::string_view text, std::vector<SlabInfoLine>& lines) {
  lines.clear();
  std::string_view line;
  if (!TakeLine(text, line) || !line.starts_with("slabinfo - version: 2.")) return false;
  while (!text.empty()) {
    if (!TakeLine(text, line)) return false;
    if (line.starts_with("# name")) continue;
    SlabInfoLine cache;
    if (!ParseLine(line, cache)) return false;
    lines.push_back(cache);
  }
  return true;
}

}  // namespace memleak
