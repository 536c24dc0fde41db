// Process rows from the kernel's task iterator: the same figures as /proc's, in a tenth of the
// time. Whatever a record cannot tell of a process, and any process that the iterator leaves out,
// is read from /proc, so that a pass is as complete as one over /proc.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exporter/host/process/bpf/task_iterator.h"
#include "exporter/host/process/process_source.h"
#include "exporter/host/process/procfs_source.h"
#include "exporter/host/procfs.h"

namespace memleak {

// A record as a sample. Pure.
ProcessSample SampleOf(const TaskRecord& record, const Needs& needs, uint64_t page_bytes,
                       uint64_t ticks_per_second);

class BpfSource : public ProcessSource {
 public:
  // `procfs` and `files` must outlive the source. nullptr when the two do not tell the same of this
  // very process: other namespaces, or a kernel that is not understood; `why` says so.
  static std::unique_ptr<BpfSource> Make(std::unique_ptr<TaskIterator> tasks, ProcFs& procfs,
                                         ProcfsSource& files, std::string& why);

  // Without that check.
  BpfSource(std::unique_ptr<TaskIterator> tasks, ProcFs& procfs, ProcfsSource& files);

  std::string_view name() const override { return "bpf"; }
  bool Read(const Needs& needs, ProcessSink& sink) override;
  std::string error() const override { return error_; }
  bool tells_cgroups() const override { return true; }
  std::optional<uint64_t> ReadMaxFds(int32_t pid, uint64_t start_ticks) override {
    return files_.ReadMaxFds(pid, start_ticks);
  }
  const DeniedCounts& denied() const override { return files_.denied(); }
  uint64_t truncated_fd_counts() const override { return files_.truncated_fd_counts(); }

 private:
  bool AgreesOnItself(std::string& why);
  // What was there before, or stands in /proc, and has none of the records_: in ascending order
  // into absent_.
  bool FindAbsent();

  std::unique_ptr<TaskIterator> tasks_;
  ProcFs& procfs_;
  ProcfsSource& files_;
  const uint64_t page_bytes_;
  const uint64_t ticks_per_second_;
  TaskIterator::Records records_;  // of the last pass
  std::vector<int32_t> known_;     // of the last pass, ascending
  std::vector<int32_t> absent_;
  std::vector<int32_t> listed_;
  double next_listing_ = 0;  // of the steady clock
  std::string error_;
};

}  // namespace memleak
