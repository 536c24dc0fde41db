#include "collectors/process_vm.h"

#include <array>
#include <stdexcept>

namespace memleak {
namespace {

struct Row {
  MemoryField field;
  Family family;
};

// Named after the kernel's lines, so that nobody has to guess which is which.
constexpr std::array<Row, 7> kRows = {{
    {MemoryField::kPeakVirtual,
     BytesGauge("memleak_process_vm_peak_bytes", "VmPeak: the largest VmSize.")},
    {MemoryField::kData, BytesGauge("memleak_process_vm_data_bytes",
                                    "VmData: private writable address space, mostly not memory.")},
    {MemoryField::kStack,
     BytesGauge("memleak_process_vm_stk_bytes", "VmStk: address space of the main stack.")},
    {MemoryField::kExe, BytesGauge("memleak_process_vm_exe_bytes", "VmExe: code of the program.")},
    {MemoryField::kLib, BytesGauge("memleak_process_vm_lib_bytes", "VmLib: code of libraries.")},
    {MemoryField::kLocked,
     BytesGauge("memleak_process_vm_lck_bytes", "VmLck: locked, never swapped.")},
    {MemoryField::kPinned,
     BytesGauge("memleak_process_vm_pin_bytes", "VmPin: pinned, never moved.")},
}};

class ProcessVmCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    for (const Row& row : kRows) {
      writer.Begin(row.family);
      for (const Process* process : *snapshot.exported) {
        if (const auto bytes = process->sample.memory.Get(row.field)) {
          writer.Sample(process->labels, *bytes);
        }
      }
    }
  }
};

}  // namespace

std::unique_ptr<Collector> MakeProcessVmCollector() {
  return std::make_unique<ProcessVmCollector>();
}

}  // namespace memleak
