#include "exporter/host/node_reader.h"

#include <string_view>

namespace memleak {

void NodeReader::Read(const NodeNeeds& needs, NodeSample& sample) {
  sample.meminfo.reset();
  std::string_view text;
  if (needs.meminfo && reader_.Read(proc_, "meminfo", text) == ReadStatus::kOk) {
    sample.meminfo = ParseMemInfo(text);
  }
}

}  // namespace memleak
