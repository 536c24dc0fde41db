#include "exporter/host/process/chosen_source.h"

#include <stdexcept>
#include <utility>

#include "exporter/host/process/bpf/bpf_source.h"
#include "exporter/host/process/bpf/task_iterator.h"

namespace memleak {

ChosenSource::ChosenSource(ProcFs& procfs, Choice choice, const MakeFast& make_fast)
    : files_(procfs) {
  if (choice == Choice::kProcfs) return;
  fast_ = make_fast(procfs, files_, reason_);
  if (fast_ == nullptr && choice == Choice::kBpf) {
    throw std::runtime_error("--process.source=bpf cannot be had: " + reason_ +
                             "; auto takes /proc then");
  }
}

bool ChosenSource::Read(const Needs& needs, ProcessSink& sink) {
  if (fast_ != nullptr) {
    if (fast_->Read(needs, sink)) return true;
    reason_ = fast_->error();
    ++failures_;
    fast_.reset();
  }
  return files_.Read(needs, sink);
}

ChosenSource::MakeFast TaskIteratorSource(uint64_t exact_from_bytes) {
  return [exact_from_bytes](ProcFs& procfs, ProcfsSource& files,
                            std::string& why) -> std::unique_ptr<ProcessSource> {
    // A copy of another machine's tree, or the tree of other pids.
    if (!procfs.is_live() || !procfs.pids_are_ours()) {
      why = procfs.path() + " is not of the processes that the kernel shows here";
      return nullptr;
    }
    std::unique_ptr<TaskIterator> tasks = TaskIterator::Open(exact_from_bytes, why);
    if (tasks == nullptr) return nullptr;
    return BpfSource::Make(std::move(tasks), procfs, files, why);
  };
}

}  // namespace memleak
