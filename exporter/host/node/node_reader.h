// Reads the files that tell of the node as a whole, each at most once a pass.
//
// One thread. A file that cannot be read or understood leaves its part absent; a part that this
// kernel does not have is there and empty.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "exporter/host/file_reader.h"
#include "exporter/host/node/buddyinfo.h"
#include "exporter/host/node/file_nr.h"
#include "exporter/host/node/hidepid.h"
#include "exporter/host/node/meminfo.h"
#include "exporter/host/node/pressure.h"
#include "exporter/host/node/slab_caches.h"
#include "exporter/host/node/vmstat.h"

namespace memleak {

// Which of them somebody needs.
struct NodeNeeds {
  bool meminfo = false;          // /proc/meminfo
  bool vmstat = false;           // /proc/vmstat
  bool memory_pressure = false;  // /proc/pressure/memory
  bool buddyinfo = false;        // /proc/buddyinfo
  bool slab = false;             // /proc/slabinfo, once a minute
  bool file_nr = false;          // /proc/sys/fs/file-nr
  bool threads = false;          // /proc/loadavg
  bool hidepid = false;          // how /proc is mounted

  constexpr NodeNeeds operator|(const NodeNeeds& other) const {
    return {.meminfo = meminfo || other.meminfo,
            .vmstat = vmstat || other.vmstat,
            .memory_pressure = memory_pressure || other.memory_pressure,
            .buddyinfo = buddyinfo || other.buddyinfo,
            .slab = slab || other.slab,
            .file_nr = file_nr || other.file_nr,
            .threads = threads || other.threads,
            .hidepid = hidepid || other.hidepid};
  }
};

struct NodeSample {
  std::optional<MemInfo> meminfo;
  std::optional<VmStat> vmstat;
  std::optional<MemoryPressure> memory_pressure;
  std::optional<BuddyInfo> buddyinfo;
  const std::vector<SlabCache>* slab_caches = nullptr;  // the reader's, until the next pass
  std::optional<FileNr> file_nr;
  std::optional<uint64_t> threads;       // of the whole kernel
  std::optional<bool> processes_hidden;  // nothing where the tree is no proc file system
  uint64_t denied_slabinfo = 0;          // reads of it that were refused, since the start
};

class NodeReader {
 public:
  // `proc` is a directory descriptor of the proc tree; it must outlive the reader. `sysfs` is the
  // path of the sys tree.
  NodeReader(int proc, const std::string& sysfs);

  // Fills what `needs` names and resets everything else. `now` is monotonic seconds.
  void Read(const NodeNeeds& needs, double now, NodeSample& sample);

 private:
  void ReadMemoryPressure(NodeSample& sample);

  int proc_;
  FileReader reader_;
  SlabCaches slab_caches_;
  Hidepid hidepid_;
};

}  // namespace memleak
