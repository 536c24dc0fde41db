// Adds up what smaps says of each mapping, whichever way its text comes in pieces.
//
// /proc/PID/smaps (Documentation/filesystems/proc.rst; show_smap and show_map_vma in the kernel's
// fs/proc/task_mmu.c): a line "start-end perms offset major:minor inode   name" begins a mapping,
// lines "Key:   N kB" follow. Pure; its state is bounded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "exporter/host/evidence/mappings.h"
#include "exporter/host/evidence/regions.h"

namespace memleak {

class SmapsParser {
 public:
  // What is longer of a line is not looked at. Only a name can be so long, that of a file deep down
  // (a path has no limit here), and what kind of mapping it is shows at its beginning.
  static constexpr size_t kMaxLineBytes = 2048;

  // `largest`, where given, is offered every mapping; it must outlive the parser.
  explicit SmapsParser(LargestRegions* largest = nullptr);

  // The next piece of the text, cut anywhere. False when it is not understood; then it stays so.
  bool Add(std::string_view piece);
  // Whether the text ended where it may and was understood: every mapping has its Rss, Pss and
  // Swap once, no sum is beyond 64 bits, and the last line is whole. Call it once.
  bool Finish();

  // What was added up so far; right once Finish() holds. No mappings is a valid text.
  const Mappings& mappings() const { return mappings_; }

 private:
  void Keep(std::string_view part);
  bool TakeLine(std::string_view line);
  bool BeginMapping(std::string_view line, bool cut);
  bool TakeField(std::string_view line);
  bool MappingIsWhole() const;
  // Ends the mapping that is being read, if any. False when some of its figures are missing.
  bool EndMapping();

  Mappings mappings_;
  LargestRegions* const largest_;
  Region region_;  // the mapping that is being read, where somebody wants it
  MappingKind kind_ = MappingKind::kOther;  // of the mapping that is being read
  uint8_t seen_ = 0;                        // its figures so far, a bit each
  std::string line_;                        // the beginning of one that goes on in the next piece
  bool understood_ = true;
};

}  // namespace memleak
