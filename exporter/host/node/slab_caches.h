// The kernel's caches of small objects, and which of them cannot be given back under need: there
// leaks of the kernel and of its modules show. slabinfo(5),
// Documentation/ABI/testing/sysfs-kernel-slab.
//
// One thread. Owns its table; a cache that stays keeps its place in it and allocates nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/file_reader.h"
#include "exporter/host/node/slabinfo.h"
#include "exporter/host/unique_fd.h"

namespace memleak {

struct SlabCache {
  std::string name;  // the kernel merges caches that are alike: one name may stand for several
  bool reclaimable = false;
  uint64_t bytes = 0;
};

class SlabCaches {
 public:
  // To print slabinfo the kernel holds the lock under which caches are made and dropped, and until
  // Linux 6.10 walked every partly used slab with interrupts off. Leaks of it take hours: once a
  // minute is often enough.
  static constexpr double kPeriodSeconds = 60;

  // `proc` is a directory descriptor of the proc tree; it must outlive this. `sysfs` need not
  // exist.
  SlabCaches(int proc, const std::string& sysfs);

  // Reads slabinfo if that was not done in the last minute. `now` is monotonic seconds.
  void Update(double now);

  // In the kernel's order, each name once. Empty where the kernel has no slabinfo or refuses it
  // (only root may read it); nothing when what it says could not be understood.
  const std::vector<SlabCache>* caches() const { return understood_ ? &caches_ : nullptr; }
  uint64_t denied() const { return denied_; }

 private:
  bool Read();
  bool LinesAreThoseBefore() const;
  void Rebuild();
  bool IsReclaimable(std::string_view name);

  int proc_;
  UniqueFd sysfs_;
  FileReader reader_;
  FileReader flag_reader_;  // while lines_ points into the other's buffer
  std::vector<SlabInfoLine> lines_;
  std::vector<SlabCache> caches_;
  std::vector<size_t> places_;  // of each line's cache in caches_
  bool understood_ = false;
  std::optional<double> last_read_;
  uint64_t denied_ = 0;
};

}  // namespace memleak
