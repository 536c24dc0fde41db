#include "exporter/host/node/node_reader.h"

#include <string_view>

#include "exporter/host/node/loadavg.h"

namespace memleak {

NodeReader::NodeReader(int proc, const std::string& sysfs)
    : proc_(proc), slab_caches_(proc, sysfs), hidepid_(proc) {}

void NodeReader::ReadMemoryPressure(NodeSample& sample) {
  std::string_view text;
  const ReadStatus status = reader_.Read(proc_, "pressure/memory", text);
  if (status == ReadStatus::kOk) {
    sample.memory_pressure = ParseMemoryPressure(text);
  } else if (status == ReadStatus::kGone) {
    sample.memory_pressure.emplace();  // a kernel before 4.20, or one that was built or told not to
  }
}

void NodeReader::Read(const NodeNeeds& needs, double now, NodeSample& sample) {
  sample = NodeSample{};
  std::string_view text;
  if (needs.meminfo && reader_.Read(proc_, "meminfo", text) == ReadStatus::kOk) {
    sample.meminfo = ParseMemInfo(text);
  }
  if (needs.vmstat && reader_.ReadInPieces(proc_, "vmstat", text) == ReadStatus::kOk) {
    sample.vmstat = ParseVmStat(text);
  }
  if (needs.memory_pressure) ReadMemoryPressure(sample);
  if (needs.buddyinfo && reader_.ReadInPieces(proc_, "buddyinfo", text) == ReadStatus::kOk) {
    sample.buddyinfo = ParseBuddyInfo(text);
  }
  if (needs.slab) {
    slab_caches_.Update(now);
    sample.slab_caches = slab_caches_.caches();
    sample.denied_slabinfo = slab_caches_.denied();
  }
  if (needs.file_nr && reader_.Read(proc_, "sys/fs/file-nr", text) == ReadStatus::kOk) {
    sample.file_nr = ParseFileNr(text);
  }
  if (needs.threads && reader_.Read(proc_, "loadavg", text) == ReadStatus::kOk) {
    sample.threads = ParseThreadsOfLoadavg(text);
  }
  if (needs.hidepid) sample.processes_hidden = hidepid_.Look(now);
}

}  // namespace memleak
