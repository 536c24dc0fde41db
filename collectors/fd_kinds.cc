#include "collectors/fd_kinds.h"

#include <stdexcept>
#include <string>

#include "exporter/model/label_text.h"

namespace memleak {
namespace {

constexpr Family kFds = {
    "memleak_process_fds", MetricType::kGauge, "",
    "Suspects only: open file descriptors by what they are. The newest 8192 of a process are "
    "looked "
    "at; its others, and those for which there was no time, are of kind uncounted."};

class FdKindsCollector : public Collector {
 public:
  void Collect(const Snapshot& snapshot, MetricWriter& writer) override {
    if (!snapshot.processes_listed) throw std::runtime_error("the processes cannot be listed");
    writer.Begin(kFds);
    for (const Process* process : *snapshot.exported) {
      if (process->evidence == nullptr) continue;
      const FdKinds* fds = process->evidence->fds.Shown();
      if (fds == nullptr) continue;
      // Those of which there are none, too: so that a rate has something to begin from.
      for (size_t i = 0; i < kFdKinds; ++i) {
        Write(*process, kFdKindNames[i], fds->counts[i], writer);
      }
      if (fds->uncounted > 0) Write(*process, "uncounted", fds->uncounted, writer);
    }
  }

 private:
  void Write(const Process& process, std::string_view kind, uint64_t count, MetricWriter& writer) {
    labels_ = process.labels;
    AppendLabel(labels_, "kind", kind);
    writer.Sample(labels_, count);
  }

  std::string labels_;
};

}  // namespace

std::unique_ptr<Collector> MakeFdKindsCollector() { return std::make_unique<FdKindsCollector>(); }

}  // namespace memleak
