// Reads the files that tell of the node as a whole, each at most once a pass.
//
// One thread. A file that cannot be read or understood leaves its part absent.
#pragma once

#include <cstdint>
#include <optional>

#include "exporter/host/file_reader.h"
#include "exporter/host/meminfo.h"

namespace memleak {

// Which of them somebody needs.
struct NodeNeeds {
  bool meminfo = false;  // /proc/meminfo

  constexpr NodeNeeds operator|(const NodeNeeds& other) const { return {meminfo || other.meminfo}; }
};

struct NodeSample {
  std::optional<MemInfo> meminfo;
  uint64_t denied_slabinfo = 0;  // reads of it that were refused, since the start
};

class NodeReader {
 public:
  // `proc` is a directory descriptor of the proc tree; it must outlive the reader.
  explicit NodeReader(int proc) : proc_(proc) {}

  // Fills what `needs` names and resets everything else.
  void Read(const NodeNeeds& needs, NodeSample& sample);

 private:
  int proc_;
  FileReader reader_;
};

}  // namespace memleak
